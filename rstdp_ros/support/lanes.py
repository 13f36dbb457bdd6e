"""
Vectors of numbers in compiled code: operators work on all of their lanes at once.

LLVM maps them to the machine's own vectors, as wide as these are: one source is fast on AVX2,
AVX-512 and NEON. Kernels reach this module as ``lanes`` of
:mod:`rstdp_ros.support.compiling`, since it loads numba.
"""

from __future__ import annotations

from collections.abc import Callable
import operator
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.errors import TypingError
from numba.core.extending import intrinsic, models, overload, register_model

BIT, INDEX = ir.IntType(1), ir.IntType(32)
MASK_BITS = 64


class Lanes(types.Type):
    """
    The type of a vector.

    :param dtype: numba's type of a number.
    :param count: how many there are, at most 64.
    """

    def __init__(self, dtype: types.Number, count: int) -> None:
        self.dtype, self.count = dtype, count
        super().__init__(f'Lanes({dtype}, {count})')


@register_model(Lanes)
class LanesModel(models.PrimitiveModel):
    """A vector is one of LLVM's own."""

    def __init__(self, manager: Any, kind: Lanes) -> None:
        number = manager.lookup(kind.dtype).get_data_type()
        super().__init__(manager, kind, ir.VectorType(number, kind.count))


def _check(array: types.Array) -> None:
    """Refuse, when a kernel is compiled, an array whose numbers need not lie side by side."""
    if array.layout != 'C':
        raise TypingError(f'{array} is not in C order')


def _place(context: Any, builder: ir.IRBuilder, kind: types.Array, array: Any, start: Any,
           vector: ir.Type) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [start]), vector.as_pointer())


@intrinsic(prefer_literal=True)
def load(typing: Any, array: types.Array, start: types.Integer,
         count: types.IntegerLiteral) -> Any:
    """Return numbers side by side of an array in C order; nobody checks its end."""
    _check(array)
    kind = Lanes(array.dtype, count.literal_value)

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature.args[0], *arguments[:2],
                       context.get_value_type(kind))
        value = builder.load(place)
        value.align = array.dtype.bitwidth // 8
        return value
    return kind(array, types.intp, count), code


@intrinsic
def store(typing: Any, value: Lanes, array: types.Array, start: types.Integer) -> Any:
    """Write a vector into an array in C order; nobody checks its end."""
    _check(array)

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        value, array, start = arguments
        place = _place(context, builder, signature.args[1], array, start, value.type)
        builder.store(value, place).align = signature.args[0].dtype.bitwidth // 8
        return context.get_dummy_value()
    return types.void(value, array, types.intp), code


@intrinsic(prefer_literal=True)
def repeat(typing: Any, number: types.Number, count: types.IntegerLiteral) -> Any:
    """Return a vector whose lanes are all the same number."""
    kind = Lanes(types.unliteral(number), count.literal_value)

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        vector = context.get_value_type(kind)
        nothing = ir.Constant(vector, ir.Undefined)
        first = builder.insert_element(nothing, arguments[0], INDEX(0))
        return builder.shuffle_vector(
            first, nothing, ir.Constant(ir.VectorType(INDEX, kind.count), [0] * kind.count))
    return kind(kind.dtype, count), code


@intrinsic
def convert(typing: Any, value: Lanes, number: types.NumberClass) -> Any:
    """Return a vector of another type of signed number; from floats it rounds towards zero."""
    kind = Lanes(number.instance_type, value.count)

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        target = context.get_value_type(kind)
        return getattr(builder, _conversion(value.dtype, kind.dtype))(arguments[0], target)
    return kind(value, number), code


def _conversion(old: types.Number, new: types.Number) -> str:
    """Return the name of LLVM's instruction."""
    if isinstance(old, types.Float):
        return 'fptosi'
    if isinstance(new, types.Float):
        return 'sitofp'
    return 'sext' if new.bitwidth > old.bitwidth else 'trunc'


@intrinsic
def _select(typing: Any, mask: types.Integer, yes: Lanes, no: Lanes) -> Any:
    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        mask, *vectors = arguments
        bits = mask if yes.count == MASK_BITS else builder.trunc(mask, ir.IntType(yes.count))
        return builder.select(builder.bitcast(bits, ir.VectorType(BIT, yes.count)), *vectors)
    return yes(types.uint64, yes, yes), code


def choose(mask, yes, no):
    """Return a vector with ``yes`` in the lanes whose bit is set, and ``no`` in the others."""
    raise NotImplementedError('compiled code only')


@overload(choose)
def _choose(mask, yes, no):
    kind = yes if isinstance(yes, Lanes) else no
    number, count = kind.dtype, kind.count
    if isinstance(yes, types.Number):
        return lambda mask, yes, no: _select(mask, repeat(number(yes), count), no)
    if isinstance(no, types.Number):
        return lambda mask, yes, no: _select(mask, yes, repeat(number(no), count))
    return lambda mask, yes, no: _select(mask, yes, no)


@intrinsic
def unpack(typing: Any, mask: types.Integer, array: types.Array, start: types.Integer) -> Any:
    """Write the 64 bits of a mask into an array of bytes, as 0 and 1; nobody checks its end."""
    _check(array)

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        mask, array, start = arguments
        bits = builder.bitcast(mask, ir.VectorType(BIT, MASK_BITS))
        numbers = ir.VectorType(ir.IntType(8), MASK_BITS)
        place = _place(context, builder, signature.args[1], array, start, numbers)
        builder.store(builder.zext(bits, numbers), place).align = 1
        return context.get_dummy_value()
    return types.void(types.uint64, array, types.intp), code


@intrinsic
def lowest(typing: Any, mask: types.Integer) -> Any:
    """Return the index of the lowest bit that is set; one must be."""
    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], BIT(1))
    return types.int64(types.uint64), code


def _lane_by_lane(floats: str, integers: str) -> Callable:
    """Return what computes a vector from two, given the names of LLVM's instructions."""
    @intrinsic
    def compute(typing: Any, a: Lanes, b: Lanes) -> Any:
        name = floats if isinstance(a.dtype, types.Float) else integers

        def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            return getattr(builder, name)(*arguments)
        return a(a, a), code
    return compute


@intrinsic
def _above(typing: Any, a: Lanes, b: Lanes) -> Any:
    """Return a mask of the lanes in which a is larger than b."""
    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        compare = (builder.fcmp_ordered if isinstance(a.dtype, types.Float)
                   else builder.icmp_signed)
        bits = builder.bitcast(compare('>', *arguments), ir.IntType(a.count))
        return builder.zext(bits, ir.IntType(MASK_BITS)) if a.count < MASK_BITS else bits
    return types.uint64(a, a), code


def _define(symbol: Callable, compute: Callable) -> None:
    """Give an operator its meaning for two vectors, and for one and a number."""
    @overload(symbol)
    def operate(a, b):
        kind = a if isinstance(a, Lanes) else b
        if not isinstance(kind, Lanes):
            return None
        number, count = kind.dtype, kind.count
        if isinstance(b, types.Number):
            return lambda a, b: compute(a, repeat(number(b), count))
        if isinstance(a, types.Number):
            return lambda a, b: compute(repeat(number(a), count), b)
        return lambda a, b: compute(a, b)


_define(operator.add, _lane_by_lane('fadd', 'add'))
_define(operator.sub, _lane_by_lane('fsub', 'sub'))
_define(operator.mul, _lane_by_lane('fmul', 'mul'))
_define(operator.truediv, _lane_by_lane('fdiv', ''))
_define(operator.rshift, _lane_by_lane('', 'ashr'))
_define(operator.lshift, _lane_by_lane('', 'shl'))
_define(operator.gt, _above)
