# --- diffs of lines
import difflib
a = "one\ntwo\nthree\nfour\n".splitlines(keepends=True)
b = "one\n2\nthree\nfour\nfive\n".splitlines(keepends=True)
print("".join(difflib.unified_diff(a, b, fromfile="a.txt", tofile="b.txt")))
print("".join(difflib.context_diff(a, b, "x", "y", n=1)))
print("".join(difflib.ndiff(a, b)))
print([line for line in difflib.unified_diff(["x"], ["y"], lineterm="")], list(difflib.restore(difflib.ndiff(a, b), 2)) == b)
print("".join(difflib.Differ().compare(["abc\n"], ["abd\n"])))
# --- ratios, blocks and codes
import difflib
s = difflib.SequenceMatcher(None, "private Thread currentThread;", "private volatile Thread currentThread;")
print(round(s.ratio(), 3), round(s.quick_ratio(), 3), s.real_quick_ratio() > 0.5, s.get_matching_blocks())
for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(a="qabxcd", b="abycdf").get_opcodes():
    print(tag, i1, i2, j1, j2)
match = difflib.SequenceMatcher(lambda x: x == " ", " abcd", "abcd abcd").find_longest_match(0, 5, 0, 9)
print(match, match.size, list(difflib.SequenceMatcher(None, [1, 2, 3], [2, 3, 4]).get_grouped_opcodes()))
# --- close matches
import difflib
words = ["ape", "apple", "peach", "puppy"]
print(difflib.get_close_matches("appel", words), difflib.get_close_matches("xyz", words), difflib.get_close_matches("ape", words, n=1, cutoff=0.4))
