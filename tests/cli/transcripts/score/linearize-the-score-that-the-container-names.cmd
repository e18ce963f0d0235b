# needs python3
cat >make.py <<'PY'
import sys, zipfile
def score(fifths):
    return ('<score-partwise><part-list><score-part id="P1"><part-name>Piano</part-name></score-part>'
            '</part-list><part id="P1"><measure number="1"><attributes><key><fifths>%d</fifths></key>'
            '</attributes></measure></part></score-partwise>' % fifths)
def pack(name, container):
    with zipfile.ZipFile(name, 'w') as mxl:
        mxl.writestr('first.xml', score(1))
        if container is not None:
            mxl.writestr('META-INF/container.xml', container)
        mxl.writestr('a folder/second.musicxml', score(2))
row = '<rootfile full-path="%s" media-type="%s"/>'
type = 'application/vnd.recordare.musicxml+xml'
def named(*rows):
    return '<container><rootfiles>' + ''.join(row % r for r in rows) + '</rootfiles></container>'
pack('typed.mxl', named(('page.pdf', 'application/pdf'), ('a folder/second.musicxml', type)))
pack('untyped.mxl', '<container><rootfiles><rootfile full-path="a folder/second.musicxml"/></rootfiles></container>')
pack('without.mxl', None)
pack('nothing.mxl', named(('page.pdf', 'application/pdf')))
pack('missing.mxl', named(('third.xml', type)))
pack('damaged.mxl', '<container><rootfiles>')
PY
python3 make.py
for name in typed untyped without nothing missing damaged; do reprise score linearize $name.mxl; done
