"""What generation engines share: the options of a call, tools, and texts of a given form as grammars."""
