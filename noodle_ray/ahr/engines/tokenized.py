"""What engines have in common that are given tokens: chats, tools and forms become a prompt and a grammar here."""

from abc import abstractmethod
from pathlib import Path
from typing import Any

from noodle_ray.ahr.engines.base import Emit, wrong
from noodle_ray.ahr.engines.generating import GeneratingEngine, ToolReader, calls_of
from noodle_ray.ahr.generation.messages import Message, with_system, without_tools
from noodle_ray.ahr.generation.options import grammar_of


class TokenizedEngine(GeneratingEngine):
    """A language model whose prompts are made by transformers' tokenizer, and its chat template.

    A model without a template continues a text, and takes no chat. Tools are told in the system message, and their
    calls are held to our form by a grammar, whether or not the template knows tools.
    """

    _tokenizer: Any

    def _read_tokenizer(self, folder: Path) -> None:
        """Load the tokenizer, with the option ``chat_template`` if there is one; nothing of the folder is run."""
        import transformers

        self._tokenizer = transformers.AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
        if "chat_template" in self._options:
            self._tokenizer.chat_template = self._options["chat_template"]

    @abstractmethod
    def _run(self, tokens: list[int], options: dict[str, Any], grammar: str | None, emit: Emit) -> None:
        """Generate what follows ``tokens``. There is room for one more at least."""

    def _complete(self, prompt: str, options: dict[str, Any], emit: Emit) -> None:
        self._run(self._tokens(prompt, special=True), options, grammar_of(options), emit)

    def _chat(self, messages: list[Message], options: dict[str, Any], emit: Emit) -> None:
        grammar = grammar_of(options)
        messages = without_tools(messages)
        if calls := calls_of(options):
            messages, grammar = with_system(messages, calls.instruction()), calls.grammar()
            emit = ToolReader(emit)
        if not self._tokenizer.chat_template:
            if len(messages) > 1:
                raise wrong("this model has no chat template: it takes a text as its prompt, and no system prompt")
            self._run(self._tokens(messages[0]["content"], special=True), options, grammar, emit)
            return
        try:
            text = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except Exception as error:  # what a template raises; it is code from the model's files
            raise wrong(f"the model {self.name!r} refused its input: {str(error)[:300]}") from None
        self._run(self._tokens(text, special=False), options, grammar, emit)

    def _tokens(self, text: str, *, special: bool) -> list[int]:
        tokens: list[int] = self._tokenizer(text, add_special_tokens=special)["input_ids"]
        if not 0 < len(tokens) < self.context:
            raise wrong(f"the prompt has {len(tokens):,} tokens; the model's context has room for {self.context - 1:,}")
        return tokens
