echo film >a.mp4; echo nonsense >a.mp4.undo; reprise video undo a.mp4; code=$?; cat a.mp4; exit $code
