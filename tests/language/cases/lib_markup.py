# --- elements read
import xml.etree.ElementTree as ET
root = ET.fromstring("""<catalog name="x"><book id="b1"><title>One</title><price>1.50</price></book>
<book id="b2" lang="en"><title>Two</title><price>3</price></book><note/>tail</catalog>""")
print(root.tag, root.attrib, len(root), [child.tag for child in root], root[0].get("id"), root[1].get("none", "-"))
for book in root.findall("book"):
    print(book.get("id"), book.find("title").text, float(book.findtext("price")), book.attrib)
print([e.text for e in root.iter("title")], root.find(".//book[@lang='en']/title").text, root.find("nothing"))
print("".join(root.itertext()).split(), repr(root[-1].tail), root.findtext("x", default="d"), root[0].keys(), root[0].items())
# --- elements made and written
import io, xml.etree.ElementTree as ET
root = ET.Element("data", {"a": "1"}, b="2")
child = ET.SubElement(root, "item", id="i&1")
child.text = "x < y"
child.tail = "\n"
ET.SubElement(root, "empty")
root.set("c", "3")
root.append(ET.Comment("note"))
print(ET.tostring(root, encoding="unicode"), ET.tostring(root), ET.tostring(root, encoding="unicode", short_empty_elements=False))
ET.indent(root)
print(ET.tostring(root, encoding="unicode"))
root.remove(child)
out = io.BytesIO()
tree = ET.ElementTree(root)
tree.write(out, encoding="utf-8", xml_declaration=True)
print(out.getvalue(), tree.getroot() is root, ET.iselement(root), ET.parse(io.StringIO("<a/>")).getroot().tag)
ET.dump(root)
for text in ("<a><b></a>", "", "<a>&x;</a>"):
    try:
        ET.fromstring(text)
    except ET.ParseError as error:
        print(error, error.position)
child.text = 3
try:
    ET.tostring(child)
except TypeError as error:
    print(error)
# --- a parser of HTML
from html.parser import HTMLParser
class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.depth, self.text = [], 0, []
    def handle_starttag(self, tag, attrs):
        self.depth += 1
        if tag == "a":
            self.links.append(dict(attrs).get("href"))
    def handle_endtag(self, tag):
        self.depth -= 1
    def handle_data(self, data):
        if data.strip():
            self.text.append(data.strip())
    def handle_comment(self, data):
        print("comment", data, self.getpos())
    def handle_decl(self, decl):
        print("decl", decl)
parser = Links()
parser.feed("<!DOCTYPE html><p class=x>Hi &amp; <a href='/a?b=1&amp;c'>link</a><br/><!-- c --><img src=z>")
parser.feed("<script>if (a < b) {}</script></p><b>&#65;")
parser.close()
print(parser.links, parser.depth, parser.text, parser.get_starttag_text())
# --- a parser of HTML without characters converted
from html.parser import HTMLParser
class All(HTMLParser):
    def handle_startendtag(self, tag, attrs): print("both", tag, attrs)
    def handle_entityref(self, name): print("entity", name)
    def handle_charref(self, name): print("char", name)
    def handle_pi(self, data): print("pi", data)
    def handle_data(self, data): print("data", repr(data))
p = All(convert_charrefs=False)
p.feed("<?php x?>a&lt;b&#x41;<hr size=1 />")
p.close()
p.reset()
p.feed("again")
p.close()
# --- gzip
import gzip
data = gzip.compress(b"hello " * 100, mtime=0)
print(len(data) < 100, gzip.decompress(data) == b"hello " * 100, data[:4], gzip.decompress(gzip.compress(b"")))
for bad in (b"not gzip", data[:-10]):
    try:
        gzip.decompress(bad)
    except (gzip.BadGzipFile, EOFError) as error:
        print(type(error).__name__, error)
