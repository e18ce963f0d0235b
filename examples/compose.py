"""compose.py PIECE.txt OUT.musicxml: a piano piece in one line a voice becomes MusicXML.

R1, R2 are the voices of the upper staff, L1 of the lower; lines of one voice follow one another and
measures are parted by "|"; "-" is a measure without that voice. A note is pitch and length:
c5q, f#4e., bb3h~; [c4,e4]q is a chord, rq a rest. Lengths: w h q e s, then "." dotted, "t" a triplet
(three for two), "~" tied to the next, "'" staccato; "(" and ")" around notes are a slur.
"break: 4 8" starts a new system after measures 4 and 8."""

import re
import sys
from xml.sax.saxutils import escape

DIVISIONS = 24  # of a quarter: holds sixteenths and triplets of eighths
LENGTHS = {"w": (96, "whole"), "h": (48, "half"), "q": (24, "quarter"), "e": (12, "eighth"),
           "s": (6, "16th")}
ALTERS = {"": 0, "#": 1, "b": -1}
VOICES = {"R1": (1, 1), "R2": (2, 1), "L1": (5, 2)}  # numbers of voice and staff
TOKEN = re.compile(r"^(\(?)(r|\[[^\]]+\]|[a-g](?:#|b)?\d)([whqes])(\.?)(t?)(~?)('?)(\)?)(~?)$")


def read(path):
    piece, voices = {}, {name: [] for name in VOICES}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#") or not line.strip():
                continue
            name, value = line.strip().split(": ", 1)
            if name in voices:
                voices[name] += [measure.split() for measure in value.split(" | ")]
            else:
                piece[name] = value
    return piece, voices


def pitch_xml(text):
    step, alter, octave = re.match(r"([a-g])(#|b)?(\d)", text).groups()
    alter = ALTERS[alter or ""]
    middle = f"<alter>{alter}</alter>" if alter else ""
    return f"<pitch><step>{step.upper()}</step>{middle}<octave>{octave}</octave></pitch>"


class Voice:
    """Writes the notes of one voice; knows what is tied from before and how far a triplet is."""

    def __init__(self, name):
        self.number, self.staff = VOICES[name]
        self.tied, self.in_triplet = set(), 0

    def notations(self, match, pitch, triplet):
        opens, closes = match.group(1), match.group(8)
        marks = ['<tied type="stop"/>'] if pitch in self.tied else []
        marks += ['<tied type="start"/>'] if self.ties_on(match) else []
        marks += [f'<slur type="stop" number="{self.number}"/>'] if closes else []
        marks += [f'<slur type="start" number="{self.number}"/>'] if opens else []
        marks += [f'<tuplet type="{triplet}"/>'] if triplet in ("start", "stop") else []
        marks += ["<articulations><staccato/></articulations>"] if match.group(7) else []
        return f"<notations>{''.join(marks)}</notations>" if marks else ""

    @staticmethod
    def ties_on(match):
        return match.group(6) or match.group(9)

    def note(self, token):
        match = TOKEN.match(token)
        if not match:
            raise ValueError(f"not a note: {token}")
        what, (length, kind) = match.group(2), LENGTHS[match.group(3)]
        length = length * 3 // 2 if match.group(4) else length
        triplet = ""
        if match.group(5):
            length = length * 2 // 3
            triplet = ("start", "middle", "stop")[self.in_triplet]
            self.in_triplet = (self.in_triplet + 1) % 3
        pitches = what.strip("[]").split(",")
        xml = []
        for index, pitch in enumerate(pitches):
            ties = '<tie type="stop"/>' if pitch in self.tied else ""
            ties += '<tie type="start"/>' if self.ties_on(match) else ""
            times = ("<time-modification><actual-notes>3</actual-notes><normal-notes>2"
                     "</normal-notes></time-modification>") if triplet else ""
            first = index == 0
            xml.append("<note>" + ("" if first else "<chord/>")
                       + ("<rest/>" if pitch == "r" else pitch_xml(pitch))
                       + f"<duration>{length}</duration>{ties}<voice>{self.number}</voice>"
                       + f"<type>{kind}</type>" + ("<dot/>" if match.group(4) else "") + times
                       + f"<staff>{self.staff}</staff>"
                       + (self.notations(match, pitch, triplet) if first else
                          self.chord_ties(match, pitch)) + "</note>")
        self.tied = set(pitches) if self.ties_on(match) else set()
        return length, "".join(xml)

    def chord_ties(self, match, pitch):
        marks = ['<tied type="stop"/>'] if pitch in self.tied else []
        marks += ['<tied type="start"/>'] if self.ties_on(match) else []
        return f"<notations>{''.join(marks)}</notations>" if marks else ""


def attributes(piece):
    beats, kind = piece["time"].split("/")
    return (f"<attributes><divisions>{DIVISIONS}</divisions><key><fifths>{piece['key']}</fifths>"
            f"</key><time><beats>{beats}</beats><beat-type>{kind}</beat-type></time>"
            '<staves>2</staves><clef number="1"><sign>G</sign><line>2</line></clef>'
            '<clef number="2"><sign>F</sign><line>4</line></clef></attributes>'
            '<direction placement="above"><direction-type><words font-weight="bold">'
            f"{escape(piece['tempo'])}</words></direction-type><staff>1</staff></direction>")


def measure_xml(index, piece, lines, writers):
    beats, kind = (int(part) for part in piece["time"].split("/"))
    whole = beats * 4 * DIVISIONS // kind
    xml, behind = "", 0
    for name, measures in lines.items():
        if index >= len(measures) or measures[index] == ["-"]:
            continue
        notes = [writers[name].note(token) for token in measures[index]]
        if sum(length for length, _ in notes) != whole:
            raise ValueError(f"{piece['title']}: measure {index + 1}, voice {name}: "
                             f"{sum(length for length, _ in notes)} of {whole}")
        xml += f"<backup><duration>{behind}</duration></backup>" if behind else ""
        xml += "".join(text for _, text in notes)
        behind = whole
    return xml


def main():
    piece, lines = read(sys.argv[1])
    writers = {name: Voice(name) for name in VOICES}
    breaks = {int(number) for number in piece["break"].split()}
    count = len(lines["R1"])
    xml = ['<?xml version="1.0" encoding="UTF-8"?>\n<score-partwise version="3.1"><work><work-title>'
           f"{escape(piece['title'])}</work-title></work><part-list><score-part id=\"P1\">"
           "<part-name>Piano</part-name><score-instrument id=\"P1-I1\"><instrument-name>Piano"
           "</instrument-name></score-instrument></score-part></part-list><part id=\"P1\">"]
    for index in range(count):
        xml.append(f'<measure number="{index + 1}">'
                   + ('<print new-system="yes"/>' if index in breaks else "")
                   + (attributes(piece) if index == 0 else "")
                   + measure_xml(index, piece, lines, writers)
                   + ('<barline location="right"><bar-style>light-heavy</bar-style></barline>'
                      if index == count - 1 else "") + "</measure>\n")
    xml.append("</part></score-partwise>\n")
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write("".join(xml))


if __name__ == "__main__":
    main()
