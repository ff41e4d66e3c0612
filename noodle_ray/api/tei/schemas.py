"""What these routes take, as Text Embeddings Inference has it, and ``model`` beside it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Model = Annotated[str | None, Field(max_length=300, description="A registered model; by default the server's.")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    model: Model = None
    truncate: Annotated[
        bool | None, Field(description="false: refuse texts over the model's maximum instead of cutting them.")
    ] = None
    truncation_direction: Annotated[
        Literal["Right", "right"] | None, Field(description="Texts are cut at their end.")
    ] = None


class EmbedBody(_Body):
    """Texts to embed. ``dimensions`` keeps the first numbers of each vector, before ``normalize`` gives it length 1."""

    inputs: Annotated[str | list[Any], Field(description="A text or a list of texts.")]
    normalize: bool | None = True
    dimensions: Annotated[int | None, Field(gt=0)] = None
    prompt_name: Annotated[None, Field(description="Models have no named prompts here.")] = None
    encoding_format: Literal["float"] | None = None


class RerankBody(_Body):
    """Texts to put in the order in which they answer a query."""

    query: str
    texts: list[str]
    raw_scores: bool = False
    return_text: bool = False


class PredictParameters(BaseModel):
    """What `huggingface_hub.InferenceClient.text_classification` sends beside the text."""

    model_config = ConfigDict(extra="forbid", strict=True)

    function_to_apply: Annotated[
        Literal["sigmoid", "softmax", "none"] | None,
        Field(description="none: raw scores. Otherwise scores come from the function that the model has."),
    ] = None
    top_k: Annotated[int | None, Field(gt=0, description="So many labels, the likeliest.")] = None


class PredictBody(_Body):
    """Texts to classify: one, or a list of lists of one text, as Text Embeddings Inference has it."""

    inputs: Annotated[str | list[Any], Field(description="A text, or a list of lists of one text.")]
    raw_scores: bool = False
    parameters: PredictParameters | None = None


class Rank(BaseModel):
    """How well a text answers: ``index`` is its place in the request."""

    index: int
    score: float
    text: str | None = None


class Prediction(BaseModel):
    """A label and its score."""

    label: str
    score: float


class TeiError(BaseModel):
    """An error as Text Embeddings Inference tells it, with Noodle's code beside it."""

    error: str
    error_type: Literal["Unhealthy", "Backend", "Overloaded", "Validation", "Tokenizer", "Empty"]
    code: Annotated[str, Field(examples=["NOODLE-E0603"])]
