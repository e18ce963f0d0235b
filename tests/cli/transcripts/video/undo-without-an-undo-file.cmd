echo film >a.mp4; reprise video undo a.mp4
