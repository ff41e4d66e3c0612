# --- a warning goes nowhere
import warnings
warnings.simplefilter("ignore")
def old():
    warnings.warn("use new()", DeprecationWarning, stacklevel=2)
    return 5
[old(), warnings.warn("x"), warnings.warn(UserWarning("y"))]
# --- a warning's category that is none
import warnings
warnings.warn("x", ValueError)
