# --- reading
x = 1
y = (x
     .foo)
# --- setting
def f(x):
    (
        x
        .foo
    ) = 5
f(1)
# --- deleting
x = []
del (
    x
    .foo)
# --- augmented
x = 1
(x
 .foo) += 1
# --- method
x = 1
(x
 .foo
 ())
# --- of a class
class A:
    pass
a = A()
print((a
       .foo
       .bar))
