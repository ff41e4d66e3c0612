"""The ipaddress module: CPython's own. What a network is walked over for is paid for on the way."""

from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.copies import own_copy
from noodle_ray.core.vm.modules.vetting import charge_value, finite, readers, telling
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import vet_call

ipaddress: Any = own_copy("ipaddress")
_STEP: Final = 16


def _walking(name: str) -> Callable[..., Any]:
    """A method that gives many addresses or networks, one at a time."""

    def walk(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        return _paid(getattr(self, name)(*args, **kwargs))

    walk.__name__ = walk.__qualname__ = name
    return walk


def _paid(items: Any) -> Any:
    for item in items:
        S.charge(_STEP)
        yield item


def _charging(kind: Any) -> None:
    """Have a class of CPython's charge for the texts that it reads."""
    read = kind._ip_int_from_string.__func__

    def paying(cls: Any, ip_str: Any) -> Any:
        S.charge(32)
        charge_value(ip_str, 16)
        return read(cls, ip_str)

    kind._ip_int_from_string = classmethod(paying)


def _charging_walk(kind: Any) -> None:
    """Have a class of CPython's charge for the addresses that a loop over it gets."""
    walk = kind.__iter__
    kind.__iter__ = lambda self: _paid(walk(self))


for _base in ("_BaseV4", "_BaseV6"):
    _charging(getattr(ipaddress, _base))
_charging_walk(ipaddress._BaseNetwork)


def _plain(kind: type, names: str) -> dict[str, Any]:
    return {name: getattr(kind, name) for name in names.split() if hasattr(kind, name)}


_ADDRESS: Final = (
    *("compressed", "exploded", "is_global", "is_link_local", "is_loopback", "is_multicast", "is_private"),
    *("is_reserved", "is_unspecified", "max_prefixlen", "packed", "reverse_pointer", "version"),
)
_SIX: Final = ("ipv4_mapped", "is_site_local", "scope_id", "sixtofour", "teredo")
_NETWORK: Final = (
    *("broadcast_address", "compressed", "exploded", "hostmask", "is_global", "is_link_local", "is_loopback"),
    *("is_multicast", "is_private", "is_reserved", "is_unspecified", "max_prefixlen", "netmask", "network_address"),
    *("num_addresses", "prefixlen", "version", "with_hostmask", "with_netmask", "with_prefixlen"),
)
_INTERFACE: Final = ("ip", "network", "netmask", "hostmask", "with_prefixlen", "with_netmask", "with_hostmask")
_WALKS: Final = ("address_exclude", "hosts", "subnets")


def _register(kind: Any, attributes: tuple[str, ...], methods: dict[str, Any]) -> None:
    register(kind, attributes=readers(*attributes), methods=methods)


_kind: Any
for _kind in (ipaddress.IPv4Address, ipaddress.IPv6Address):
    _register(_kind, (*_ADDRESS, *_SIX), {})
for _kind in (ipaddress.IPv4Network, ipaddress.IPv6Network):
    _walks = {name: _walking(name) for name in _WALKS} | {"__iter__": _walking("__iter__")}
    _register(_kind, _NETWORK, _plain(_kind, "compare_networks overlaps subnet_of supernet supernet_of") | _walks)
for _kind in (ipaddress.IPv4Interface, ipaddress.IPv6Interface):
    _register(_kind, (*_ADDRESS, *_SIX, *_INTERFACE, "prefixlen"), {})
for _kind in (ipaddress.AddressValueError, ipaddress.NetmaskValueError):
    register(_kind)


def _simple(function: Any) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        S.charge(40)
        for value in (*args, *kwargs.values()):
            charge_value(value, 32)
        return function(*args, **kwargs)

    return call


def collapse_addresses(addresses: Any) -> Any:
    """ipaddress.collapse_addresses."""
    items = [*finite(addresses)]
    S.charge(64 * len(items))
    return _paid(ipaddress.collapse_addresses(items))


def summarize_address_range(first: Any, last: Any) -> Any:
    """ipaddress.summarize_address_range."""
    return _paid(ipaddress.summarize_address_range(first, last))


_KINDS: Final = ("IPv4Address", "IPv4Interface", "IPv4Network", "IPv6Address", "IPv6Interface", "IPv6Network")
MEMBERS: dict[str, Any] = {name: getattr(ipaddress, name) for name in _KINDS}
for _name in _KINDS:
    vet_call(MEMBERS[_name], telling(MEMBERS[_name]))
MEMBERS |= {name: getattr(ipaddress, name) for name in ("AddressValueError", "NetmaskValueError")}
MEMBERS |= {name: telling(_simple(getattr(ipaddress, name))) for name in ("ip_address", "ip_interface", "ip_network")}
MEMBERS |= {"collapse_addresses": collapse_addresses, "summarize_address_range": summarize_address_range}
