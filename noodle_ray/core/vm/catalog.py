"""The standard library that programs may import: pure data, shared by compiler, verifier and runtime.

A member's full name is ``module.member``, where the module may itself have dots. What runs them is in
``core.vm.modules``.
"""
# ruff: noqa: SIM905

from noodle_ray.light import Final

MODULES: Final[dict[str, frozenset[str]]] = {
    "noodle_ray": frozenset({"array", "run_program", "sleep", "wait_for_signal"}),
    "math": frozenset(
        "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp exp2 "
        "expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp "
        "lgamma log log10 log1p log2 modf nan nextafter perm pi pow prod radians remainder sin sinh sqrt tan tanh tau "
        "trunc ulp".split()
    ),
    "json": frozenset({"JSONDecodeError", "JSONDecoder", "JSONEncoder", "dump", "dumps", "load", "loads"}),
    "argparse": frozenset(
        "ArgumentDefaultsHelpFormatter ArgumentError ArgumentParser ArgumentTypeError BooleanOptionalAction "
        "HelpFormatter MetavarTypeHelpFormatter Namespace ONE_OR_MORE OPTIONAL REMAINDER RawDescriptionHelpFormatter "
        "RawTextHelpFormatter SUPPRESS ZERO_OR_MORE".split()
    ),
    "array": frozenset({"ArrayType", "array", "typecodes"}),
    "ast": frozenset({"literal_eval"}),
    "abc": frozenset("ABC ABCMeta abstractclassmethod abstractmethod abstractproperty abstractstaticmethod".split()),
    "collections.abc": frozenset(
        "AsyncGenerator AsyncIterable AsyncIterator Awaitable ByteString Callable Collection Container Coroutine "
        "Generator Hashable ItemsView Iterable Iterator KeysView Mapping MappingView MutableMapping MutableSequence "
        "MutableSet Reversible Sequence Set Sized ValuesView".split()
    ),
    "dataclasses": frozenset(
        "Field FrozenInstanceError InitVar KW_ONLY MISSING asdict astuple dataclass field fields is_dataclass "
        "make_dataclass replace".split()
    ),
    "enum": frozenset(
        "CONFORM CONTINUOUS EJECT Enum EnumMeta EnumType Flag IntEnum IntFlag KEEP NAMED_FLAGS STRICT StrEnum UNIQUE "
        "auto member nonmember property unique verify".split()
    ),
    "typing": frozenset(
        "AbstractSet Annotated Any AnyStr AsyncContextManager AsyncGenerator AsyncIterable AsyncIterator Awaitable "
        "BinaryIO ByteString Callable ChainMap ClassVar Collection Concatenate Container ContextManager Coroutine "
        "Counter DefaultDict Deque Dict Final FrozenSet Generator Generic Hashable IO ItemsView Iterable Iterator "
        "KeysView List Literal LiteralString Mapping MappingView Match MutableMapping MutableSequence MutableSet "
        "NamedTuple Never NewType NoReturn NotRequired Optional OrderedDict ParamSpec Pattern Protocol Required "
        "Reversible Self Sequence Set Sized SupportsAbs SupportsBytes SupportsComplex SupportsFloat SupportsIndex "
        "SupportsInt SupportsRound TYPE_CHECKING Text TextIO Tuple Type TypeAlias TypeGuard TypeVar TypeVarTuple "
        "TypedDict Union Unpack ValuesView assert_never assert_type cast dataclass_transform final get_args "
        "get_origin get_type_hints is_typeddict no_type_check overload override reveal_type "
        "runtime_checkable".split()
    ),
    "asyncio": frozenset(
        "ALL_COMPLETED Barrier BoundedSemaphore BrokenBarrierError CancelledError Condition Event FIRST_COMPLETED "
        "FIRST_EXCEPTION Future "
        "InvalidStateError LifoQueue Lock PriorityQueue Queue QueueEmpty QueueFull Runner Semaphore Task TaskGroup "
        "Timeout TimeoutError all_tasks as_completed create_task current_task ensure_future gather get_event_loop "
        "get_running_loop iscoroutine iscoroutinefunction isfuture new_event_loop run set_event_loop shield sleep "
        "timeout timeout_at to_thread wait wait_for".split()
    ),
    "colorsys": frozenset("hls_to_rgb hsv_to_rgb rgb_to_hls rgb_to_hsv rgb_to_yiq yiq_to_rgb".split()),
    "configparser": frozenset(
        "BasicInterpolation ConfigParser DEFAULTSECT DuplicateOptionError DuplicateSectionError Error "
        "ExtendedInterpolation Interpolation InterpolationDepthError InterpolationError "
        "InterpolationMissingOptionError InterpolationSyntaxError MAX_INTERPOLATION_DEPTH MissingSectionHeaderError "
        "NoOptionError NoSectionError ParsingError RawConfigParser SectionProxy".split()
    ),
    "difflib": frozenset(
        "Differ IS_CHARACTER_JUNK IS_LINE_JUNK SequenceMatcher context_diff get_close_matches ndiff restore "
        "unified_diff".split()
    ),
    "fnmatch": frozenset("filter fnmatch fnmatchcase translate".split()),
    "gc": frozenset("collect disable enable isenabled".split()),
    "contextvars": frozenset("Context ContextVar Token copy_context".split()),
    "http": frozenset({"HTTPMethod", "HTTPStatus"}),
    "locale": frozenset(
        "Error LC_ALL LC_COLLATE LC_CTYPE LC_MESSAGES LC_MONETARY LC_NUMERIC LC_TIME atof atoi format_string getlocale "
        "localeconv setlocale str strcoll strxfrm".split()
    ),
    "codecs": frozenset(
        "BOM BOM_BE BOM_LE BOM_UTF16 BOM_UTF16_BE BOM_UTF16_LE BOM_UTF32 BOM_UTF32_BE BOM_UTF32_LE BOM_UTF8 decode "
        "encode".split()
    ),
    "sched": frozenset({"Event", "scheduler"}),
    "weakref": frozenset("ReferenceType WeakMethod WeakKeyDictionary WeakSet WeakValueDictionary finalize ref".split()),
    "graphlib": frozenset({"CycleError", "TopologicalSorter"}),
    "inspect": frozenset(
        "BoundArguments Parameter Signature cleandoc get_annotations getdoc getmembers getmro isabstract "
        "isasyncgenfunction isawaitable "
        "isbuiltin isclass iscoroutine iscoroutinefunction isfunction isgenerator isgeneratorfunction ismethod "
        "ismodule isroutine signature unwrap".split()
    ),
    "pathlib": frozenset({"Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath"}),
    "ipaddress": frozenset(
        "AddressValueError IPv4Address IPv4Interface IPv4Network IPv6Address IPv6Interface IPv6Network "
        "NetmaskValueError collapse_addresses ip_address ip_interface ip_network summarize_address_range".split()
    ),
    "keyword": frozenset("iskeyword issoftkeyword kwlist softkwlist".split()),
    "reprlib": frozenset("Repr recursive_repr repr".split()),
    "shlex": frozenset("join quote split".split()),
    "timeit": frozenset("Timer default_timer repeat timeit".split()),
    "tomllib": frozenset("TOMLDecodeError load loads".split()),
    "contextlib": frozenset(
        "AbstractAsyncContextManager AbstractContextManager AsyncExitStack ContextDecorator ExitStack aclosing "
        "asynccontextmanager closing contextmanager nullcontext redirect_stderr redirect_stdout suppress".split()
    ),
    "time": frozenset(
        "altzone asctime ctime daylight gmtime localtime mktime monotonic monotonic_ns perf_counter perf_counter_ns "
        "process_time process_time_ns sleep strftime strptime struct_time thread_time time time_ns timezone "
        "tzname".split()
    ),
    "bisect": frozenset("bisect bisect_left bisect_right insort insort_left insort_right".split()),
    "collections": frozenset(
        "ChainMap Counter OrderedDict UserDict UserList UserString defaultdict deque namedtuple".split()
    ),
    "copy": frozenset("Error copy deepcopy".split()),
    "functools": frozenset(
        "cache cached_property cmp_to_key lru_cache partial partialmethod reduce singledispatch singledispatchmethod "
        "total_ordering update_wrapper wraps WRAPPER_ASSIGNMENTS WRAPPER_UPDATES".split()
    ),
    "logging": frozenset(
        "CRITICAL DEBUG ERROR FATAL Filter Formatter Handler INFO LogRecord Logger LoggerAdapter NOTSET NullHandler "
        "StreamHandler WARN WARNING addLevelName basicConfig critical debug disable error exception getLevelName "
        "getLogger info log warning".split()
    ),
    "concurrent.futures": frozenset(
        "ALL_COMPLETED BrokenExecutor CancelledError FIRST_COMPLETED FIRST_EXCEPTION Future InvalidStateError "
        "ThreadPoolExecutor TimeoutError as_completed wait".split()
    ),
    "threading": frozenset(
        "Barrier BoundedSemaphore BrokenBarrierError Condition Event Lock RLock Semaphore TIMEOUT_MAX Thread "
        "ThreadError Timer active_count current_thread enumerate get_ident get_native_id local main_thread".split()
    ),
    "queue": frozenset("Empty Full LifoQueue PriorityQueue Queue SimpleQueue".split()),
    "secrets": frozenset("choice compare_digest randbelow randbits token_bytes token_hex token_urlsafe".split()),
    "traceback": frozenset("format_exc format_exception format_exception_only print_exc print_exception".split()),
    "warnings": frozenset("WarningMessage catch_warnings filterwarnings resetwarnings simplefilter warn".split()),
    "heapq": frozenset("heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest".split()),
    "itertools": frozenset(
        "accumulate chain combinations combinations_with_replacement compress count cycle dropwhile filterfalse "
        "groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest".split()
    ),
    "operator": frozenset(
        "abs add and_ attrgetter call concat contains countOf delitem eq floordiv ge getitem gt iadd iand iconcat "
        "ifloordiv ilshift imatmul imod imul index indexOf inv invert ior ipow irshift is_ is_not isub itemgetter "
        "itruediv ixor le length_hint lshift lt matmul methodcaller mod mul ne neg not_ or_ pos pow rshift setitem sub "
        "truediv truth xor".split()
    ),
    "base64": frozenset(
        "a85decode a85encode b16decode b16encode b32decode b32encode b32hexdecode b32hexencode b64decode "
        "b64encode b85decode b85encode decodebytes encodebytes standard_b64decode standard_b64encode "
        "urlsafe_b64decode urlsafe_b64encode".split()
    ),
    "binascii": frozenset(
        "Error Incomplete a2b_base64 a2b_hex a2b_qp a2b_uu b2a_base64 b2a_hex b2a_qp b2a_uu crc32 crc_hqx hexlify "
        "unhexlify".split()
    ),
    "calendar": frozenset(
        "Calendar FRIDAY HTMLCalendar IllegalMonthError IllegalWeekdayError MONDAY SATURDAY SUNDAY THURSDAY "
        "TUESDAY TextCalendar WEDNESDAY calendar day_abbr day_name error firstweekday isleap leapdays month "
        "month_abbr month_name monthcalendar monthrange prcal prmonth setfirstweekday timegm week weekday "
        "weekheader".split()
    ),
    "cmath": frozenset(
        "acos acosh asin asinh atan atanh cos cosh e exp inf infj isclose isfinite isinf isnan log log10 nan nanj "
        "phase pi polar rect sin sinh sqrt tan tanh tau".split()
    ),
    "csv": frozenset(
        "DictReader DictWriter Error QUOTE_ALL QUOTE_MINIMAL QUOTE_NONE QUOTE_NONNUMERIC excel excel_tab "
        "field_size_limit get_dialect list_dialects reader register_dialect unix_dialect unregister_dialect "
        "writer".split()
    ),
    "datetime": frozenset("MAXYEAR MINYEAR UTC date datetime time timedelta timezone tzinfo".split()),
    "decimal": frozenset(
        "Clamped Context Decimal DecimalException DecimalTuple DivisionByZero FloatOperation Inexact "
        "InvalidOperation MAX_EMAX MAX_PREC MIN_EMIN MIN_ETINY Overflow ROUND_05UP ROUND_CEILING ROUND_DOWN "
        "ROUND_FLOOR ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP Rounded Subnormal Underflow "
        "getcontext localcontext setcontext".split()
    ),
    "fractions": frozenset("Fraction".split()),
    "hashlib": frozenset(
        "blake2b blake2s md5 new pbkdf2_hmac sha1 sha224 sha256 sha384 sha3_224 sha3_256 sha3_384 sha3_512 "
        "sha512 shake_128 shake_256".split()
    ),
    "hmac": frozenset("compare_digest digest new".split()),
    "gzip": frozenset({"BadGzipFile", "compress", "decompress"}),
    "html": frozenset("escape unescape".split()),
    "html.parser": frozenset({"HTMLParser"}),
    "xml.etree.ElementTree": frozenset(
        "Comment Element ElementTree ParseError QName SubElement XML dump fromstring indent iselement parse "
        "tostring".split()
    ),
    "io": frozenset("BytesIO DEFAULT_BUFFER_SIZE SEEK_CUR SEEK_END SEEK_SET StringIO UnsupportedOperation".split()),
    "numbers": frozenset("Complex Integral Number Rational Real".split()),
    "pprint": frozenset("PrettyPrinter pformat pp pprint".split()),
    "random": frozenset(
        "Random betavariate choice choices expovariate gammavariate gauss getrandbits getstate lognormvariate "
        "normalvariate paretovariate randbytes randint random randrange sample seed setstate shuffle triangular "
        "uniform vonmisesvariate weibullvariate".split()
    ),
    "re": frozenset(
        "A ASCII DOTALL I IGNORECASE L LOCALE M MULTILINE Match NOFLAG Pattern S U UNICODE VERBOSE X compile "
        "error escape findall finditer fullmatch match purge search split sub subn".split()
    ),
    "statistics": frozenset(
        "NormalDist StatisticsError correlation covariance fmean geometric_mean harmonic_mean linear_regression "
        "mean median median_grouped median_high median_low mode multimode pstdev pvariance quantiles stdev "
        "variance".split()
    ),
    "string": frozenset(
        "Formatter Template ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits "
        "printable punctuation whitespace".split()
    ),
    "struct": frozenset("Struct calcsize error iter_unpack pack pack_into unpack unpack_from".split()),
    "sys": frozenset(
        "argv byteorder exc_info exit float_info getdefaultencoding getrecursionlimit getsizeof hash_info "
        "int_info intern maxsize maxunicode platform setrecursionlimit stderr stdout version version_info".split()
    ),
    "textwrap": frozenset("TextWrapper dedent fill indent shorten wrap".split()),
    "types": frozenset(
        "BuiltinFunctionType BuiltinMethodType CoroutineType EllipsisType FunctionType GeneratorType GenericAlias "
        "LambdaType MappingProxyType MethodType NoneType NotImplementedType SimpleNamespace UnionType".split()
    ),
    "unittest": frozenset(
        "SkipTest TestCase TestLoader TestResult TestSuite TextTestRunner defaultTestLoader expectedFailure main skip "
        "skipIf skipUnless".split()
    ),
    "unicodedata": frozenset(
        "bidirectional category combining decimal decomposition digit east_asian_width is_normalized lookup "
        "mirrored name normalize numeric unidata_version".split()
    ),
    "urllib.parse": frozenset(
        "DefragResult DefragResultBytes ParseResult ParseResultBytes SplitResult SplitResultBytes parse_qs "
        "parse_qsl quote quote_from_bytes quote_plus unquote unquote_plus unquote_to_bytes urldefrag urlencode "
        "urljoin urlparse urlsplit urlunparse urlunsplit".split()
    ),
    "uuid": frozenset(
        "NAMESPACE_DNS NAMESPACE_OID NAMESPACE_URL NAMESPACE_X500 RESERVED_FUTURE RESERVED_MICROSOFT RESERVED_NCS "
        "RFC_4122 UUID uuid1 uuid3 uuid4 uuid5".split()
    ),
    "zlib": frozenset(
        "DEFLATED DEF_BUF_SIZE DEF_MEM_LEVEL MAX_WBITS Z_BEST_COMPRESSION Z_BEST_SPEED Z_DEFAULT_COMPRESSION "
        "Z_DEFAULT_STRATEGY Z_FILTERED Z_FINISH Z_FIXED Z_FULL_FLUSH Z_HUFFMAN_ONLY Z_NO_COMPRESSION Z_NO_FLUSH "
        "Z_RLE Z_SYNC_FLUSH adler32 compress compressobj crc32 decompress decompressobj error".split()
    ),
}
"""Modules a program can import, and their members."""

_PURE_MODULES: Final = (
    *("base64", "binascii", "cmath", "decimal", "fractions", "json", "math", "noodle_ray", "numbers", "string"),
    *("unicodedata", "urllib.parse"),
)
_IMPURE: Final = frozenset(
    "decimal.getcontext decimal.localcontext decimal.setcontext json.dump json.load noodle_ray.run_program "
    "noodle_ray.sleep noodle_ray.wait_for_signal urllib.parse.urlencode".split()
)

PURE_MEMBERS: Final = (
    frozenset(f"{module}.{member}" for module in _PURE_MODULES for member in MODULES[module])
    | frozenset(
        "datetime.MAXYEAR datetime.MINYEAR datetime.UTC re.compile re.escape re.findall re.fullmatch re.match "
        "re.search re.split textwrap.dedent textwrap.fill textwrap.shorten textwrap.wrap".split()
    )
) - _IMPURE
"""Members without effects visible to others when called with no callback: they may raise. All others may have some."""

_FREE_MODULES: Final = ("cmath", "math", "numbers")
CHARGING_PURE: Final = frozenset(
    "math.comb math.dist math.factorial math.fsum math.gcd math.hypot math.lcm math.perm math.prod".split()
) | frozenset(name for name in PURE_MEMBERS if name.rpartition(".")[0] not in _FREE_MODULES)
"""Of the pure members, those that may charge fuel. Members that are not pure are all taken to."""

CHARGING_METHODS: Final = frozenset(
    "add_argument add_parser add_subparsers autorange choices compress decompress digest done feed fill "
    "find_longest_match findall finditer findtext format_help format_usage formatday formatmonth formatmonthname "
    "formatweek formatweekday formatweekheader formatyear formatyearpage from_decimal from_samples fullmatch "
    "get_grouped_opcodes get_matching_blocks get_opcodes get_ready getboolean getfloat getint getrandbits "
    "getvalue has_option has_section hexdigest hosts iterfind match parse_args parse_known_args prepare "
    "print_help print_usage prmonth pryear quick_ratio randbytes ratio read read1 read_dict read_file read_string "
    "readline readlines repeat safe_substitute sample samples search sections seed set_seq1 set_seq2 set_seqs "
    "shuffle split static_order strftime strptime sub subn subnets substitute timeit update wrap write writelines "
    "writerow writerows".split()
) | frozenset(
    "abs all any arange argmax argmin argsort astype clip concatenate copy cosine cumsum dot exp flatten full linspace "
    "log max mean min norm ones prod reshape round softmax sort sqrt stack std sum tolist top_k zeros".split()
)
"""Methods of the modules' types that may charge fuel or call back into the program."""

ALL_MEMBERS: Final = frozenset(f"{module}.{member}" for module, members in MODULES.items() for member in members)
"""Every member's full name."""


def module_of(name: str) -> str:
    """The module that a builtin's name belongs to: of ``math.sqrt``, or of ``math`` itself; else ''."""
    if name in MODULES:
        return name
    module = name.rpartition(".")[0]
    return module if module in MODULES else ""
