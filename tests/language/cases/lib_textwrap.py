# --- wrap and fill
import textwrap
text = "The quick brown fox, who was very-hyphenated, jumped over the lazy dog.  Twice."
print(textwrap.wrap(text, 20), textwrap.fill(text, width=30, initial_indent="* ", subsequent_indent="  "))
textwrap.wrap("", 5), textwrap.fill("antidisestablishmentarianism", 10), textwrap.wrap("a b c", 3, max_lines=1)
# --- dedent and indent
from textwrap import dedent, indent
print(dedent("""\
    a
      b

    c
"""))
indent("a\n\nb\n", "> "), indent("a\n\nb", "> ", lambda line: True)
# --- shorten
import textwrap
textwrap.shorten("Hello  world!", 12), textwrap.shorten("Hello world", 10), textwrap.shorten("Hello world", 10, placeholder="…")
# --- a wrapper's attributes can change
import textwrap
w = textwrap.TextWrapper(width=12, break_long_words=False)
print(w.wrap("the quick brown fox"), w.width)
w.width = 40
w.initial_indent = "- "
w.fill("the quick brown fox"), w.initial_indent
# --- a width that is too small
import textwrap
textwrap.wrap("abc", 0)
