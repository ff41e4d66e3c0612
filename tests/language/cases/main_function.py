# --- main is called after the top level
def main():
    print("main")
    return 3
print("top")
# --- main under the usual guard runs once
def main():
    print("main")
    return 3
if __name__ == "__main__":
    main()
# --- main under a guard the other way round, and with an exit around it
def main():
    print("main")
    return 0
if "__main__" == __name__:
    raise SystemExit(main())
# --- main called without the guard runs once
def main():
    print("main")
    return 3
main()
# --- main called without the guard, and the last line is something else
def main():
    print("main")
    return 3
value = main()
value + 1
# --- main called in a loop, a try and a condition
def main(n=0):
    print("main", n)
for i in range(2):
    try:
        if i:
            main(i)
    finally:
        print("done")
# --- main called in a comprehension
def main(n=0):
    print("main", n)
    return n
[main(i) for i in range(3)]
# --- main called with and without the guard
def main():
    print("main")
    return 3
if __name__ == "__main__":
    main()
else:
    print("not the main program")
main()
# --- guard that does more than call main
def main(words):
    print("main", len(words))
    return len(words)
if __name__ == "__main__":
    data = "a b c".split()
    count = main(data)
    print("done", count, __name__)
# --- guard that calls no main
def main():
    print("main")
def test():
    print("test")
if __name__ == "__main__":
    test()
# --- guard whose last line has a value
def main():
    return [__name__]
if __name__ == "__main__":
    print("here")
    main() + [1]
# --- guard in a function of the program
def main():
    return 2
def start():
    if __name__ == "__main__":
        print("script")
start()
# --- guard with an else, a try and an exit
import sys
def main():
    try:
        print(int("x"))
    except ValueError as error:
        print(error)
        return 0
if __name__ == "__main__":
    sys.exit(main())
else:
    print("imported")
# --- guard that raises
def main():
    raise KeyError("k")
if __name__ == "__main__":
    try:
        main()
    except KeyError as error:
        print("caught", error)
    main()
# --- main under another name
def main():
    print("main")
    return 3
run = main
# --- main called by another function of the program
def main():
    print("main")
    return 3
def run():
    return main()
# --- main raises without the guard
def main():
    raise ValueError("once")
main()
# --- async main under the usual guard
import asyncio
async def main():
    await asyncio.sleep(0)
    print("main")
    return 5
if __name__ == "__main__":
    asyncio.run(main())
# --- async main without the guard
import asyncio
async def main():
    await asyncio.sleep(0)
    print("main")
    return 5
result = asyncio.run(main())
result
