# needs pdftoppm
# A page of one system, one whose picture cannot be decoded, and the first again.
music=$(for y in 700 693 686 679 672 600 593 586 579 572; do echo "60 $y 480 1 re"; done
        for x in 60 180 300 420 539; do echo "$x 572 1 129 re"; done; echo f)
picture='500 0 0 700 50 50 cm /P Do'
page='/Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]'
{
    printf '%%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n'
    printf '2 0 obj\n<</Type/Pages/Kids[3 0 R 4 0 R 3 0 R]/Count 3>>\nendobj\n'
    printf '3 0 obj\n<<%s/Contents 5 0 R>>\nendobj\n' "$page"
    printf '4 0 obj\n<<%s/Contents 6 0 R/Resources<</XObject<</P 7 0 R>>>>>>\nendobj\n' "$page"
    printf '5 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n' ${#music} "$music"
    printf '6 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n' ${#picture} "$picture"
    printf '7 0 obj\n<</Type/XObject/Subtype/Image/Width 9/Height 9/BitsPerComponent 8'
    printf '/ColorSpace/DeviceGray/Filter/FlateDecode/Length 6>>\nstream\nx\234\377\377\377\377\n'
    printf 'endstream\nendobj\ntrailer\n<</Root 1 0 R/Size 8>>\n%%%%EOF\n'
} > piece.pdf
reprise score read piece.pdf -t 1
status=$?
head -c 5 piece.musicxml && echo
exit $status
