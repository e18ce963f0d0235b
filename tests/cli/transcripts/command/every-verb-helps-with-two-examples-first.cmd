# Usage, one sentence, at least two examples, then the options.
reprise help | awk '/^  [a-z]/ {print $1, $2}' | while read wing verb; do
    reprise help $wing >/dev/null 2>&1 || { echo "no help for $wing"; continue; }
    case $(reprise help $wing | head -1) in
    *VERB*) ;;
    *) verb= ;;
    esac
    reprise $wing $verb --help >text || echo "$wing $verb --help"
    awk -v name="$wing $verb" '
        /^Examples:/ {in_examples = 1; if (in_options) print name, "options before examples"}
        /^Options:/ {in_options = 1; in_examples = 0}
        in_examples && /^  reprise/ {examples++}
        END {if (examples < 2) print name, "has", examples + 0, "examples"}' text
done
