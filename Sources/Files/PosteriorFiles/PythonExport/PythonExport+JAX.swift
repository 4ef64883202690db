extension PythonExport {
  /// JAX: a function as an ONNX graph, operation by operation, without a package that exports.
  static let jaxText = #"""
    # So many examples nobody has: a size that it divides is that of the batch, and any number there.
    BATCH = 7919


    # A graph in ONNX, written by hand: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto

    def varint(value):
        result = bytearray()
        while value > 127:
            result.append(value & 127 | 128)
            value >>= 7
        return bytes(result) + bytes([value])


    def field(number, value):
        """A field of a protobuf message: a whole number, a float, a text or a message."""
        if isinstance(value, int):
            return varint(number << 3) + varint(value & (1 << 64) - 1)
        if isinstance(value, float):
            return varint(number << 3 | 5) + struct.pack("<f", value)
        value = value.encode() if isinstance(value, str) else value
        return varint(number << 3 | 2) + varint(len(value)) + value


    def attribute(name, value):
        if isinstance(value, (list, tuple)):
            return field(1, name) + b"".join(field(8, int(item)) for item in value) + field(20, 7)
        if isinstance(value, str):
            return field(1, name) + field(4, value) + field(20, 3)
        if isinstance(value, float):
            return field(1, name) + field(2, value) + field(20, 1)
        if isinstance(value, np.ndarray):
            return field(1, name) + field(5, tensor("", value)) + field(20, 4)
        return field(1, name) + field(3, int(value)) + field(20, 2)


    def tensor(name, array):
        array = np.asarray(array)
        kind, array = (7, array.astype("<i8")) if np.issubdtype(array.dtype, np.integer) else (1, array.astype("<f4"))
        return b"".join(field(1, size) for size in array.shape) + field(2, kind) + field(8, name) + field(9, array.tobytes())


    def value_info(name, shape):
        dimensions = b"".join(field(1, field(2, "n") if size is None else field(1, size)) for size in shape)
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, dimensions)))


    class Value:
        """An array of the program, which lies in the graph with its axes in another order: axis i there is axis order[i] here.

        So convolutions over images with channels last become ONNX's, with channels first, without a transpose at each layer.
        A constant is the same for every input; where it was repeated along an axis it may still have the size 1 there.
        """

        def __init__(self, name, shape, order=None, constant=False, sizes=None, facts=None):
            self.name, self.shape, self.constant = name, tuple(shape), constant
            self.order = tuple(range(len(shape))) if order is None else tuple(order)
            self.sizes = self.shape if sizes is None else tuple(sizes)
            self.facts = facts or {}


    class Graph:
        """A program of JAX, followed operation by operation, as an ONNX graph."""

        UNARY = {"exp": "Exp", "log": "Log", "tanh": "Tanh", "logistic": "Sigmoid", "sqrt": "Sqrt", "abs": "Abs", "neg": "Neg",
                 "erf": "Erf", "sign": "Sign"}
        BINARY = {"add": "Add", "add_any": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "max": "Max", "min": "Min", "pow": "Pow",
                  "gt": "Greater", "ge": "GreaterOrEqual", "lt": "Less", "le": "LessOrEqual"}
        SAME = ("stop_gradient", "copy", "copy_p", "reduce_precision", "optimization_barrier")
        CALLS = ("jit", "pjit", "custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr", "closed_call", "core_call", "remat",
                 "checkpoint", "remat2")

        def __init__(self):
            self.nodes, self.tensors, self.count, self.used = [], {}, 0, set()

        # What nodes are made of

        def node(self, kind, inputs, **attributes):
            self.count += 1
            output = f"{kind.lower()}{self.count}"
            body = b"".join(field(1, name) for name in inputs) + field(2, output) + field(3, output) + field(4, kind)
            body += b"".join(field(5, attribute(name, value)) for name, value in attributes.items() if value is not None)
            self.nodes.append((output, list(inputs), body))
            return output

        def constant(self, array):
            """A node of its own, no tensor of the graph: those are the parameters, which every draw has."""
            return self.node("Constant", [], value=np.asarray(array))

        def literal(self, number):
            if jnp.issubdtype(jnp.result_type(number), jax.dtypes.prng_key):
                return Value("key", number.shape, constant=True)
            array = np.asarray(number)
            return Value(self.constant(array), array.shape, constant=True, facts={"uniform": float(array)} if array.size == 1 else {})

        def ordered(self, value, order):
            """The value with its axes in this order."""
            order = tuple(order)
            if value.order == order:
                return value
            axes = [value.order.index(axis) for axis in order]
            facts = {key: value.facts[key] for key in ("uniform",) if key in value.facts}
            return Value(self.node("Transpose", [value.name], perm=axes), value.shape, order, value.constant, value.sizes, facts)

        def plain(self, value):
            """The value as the program has it: axes in their order, and every repetition made."""
            value = self.ordered(value, range(len(value.shape)))
            if value.sizes == value.shape:
                return value
            if not value.constant:
                raise ExportError(
                    f"the network repeats what goes through it, from {value.sizes[1:]} to {value.shape[1:]}, for which there is no layer: "
                    "flax's GroupNorm does so")
            if any(size == BATCH for size, own in zip(value.shape, value.sizes) if size != own):
                batch = self.node("Gather", [self.node("Shape", ["inputs"]), self.constant(np.array([0]))], axis=0)
                parts = [batch if size == BATCH else self.constant(np.array([size])) for size in value.shape]
                shape = self.node("Concat", parts, axis=0)
            else:
                shape = self.constant(np.array(value.shape))
            return Value(self.node("Expand", [value.name, shape]), value.shape, constant=value.constant and BATCH not in value.shape)

        def reshaped(self, value, shape):
            value = self.plain(value)
            if tuple(shape) == value.shape:
                return value
            target = [-1 if size and size % BATCH == 0 else size for size in shape]
            if target.count(-1) > 1:
                raise ExportError(f"a reshape to {shape} has the batch ({BATCH} examples) in several axes")
            return Value(self.node("Reshape", [value.name, self.constant(np.array(target))]), shape, constant=value.constant)

        def elementwise(self, kind, values, shape):
            """An operation number by number, in the order that most of the network has."""
            leader = next((value for value in values if not value.constant and value.shape), None) or max(
                values, key=lambda value: len(value.shape))
            values = [self.ordered(value, leader.order) if value.shape else value for value in values]
            sizes = tuple(max(axis) for axis in zip(*(value.sizes for value in values if value.shape))) if shape else ()
            name = self.node(kind, [value.name for value in values])
            return Value(name, shape, leader.order if shape else None, all(value.constant for value in values), sizes)

        # Programs

        def run(self, jaxpr, constants, arguments):
            environment = dict(zip(jaxpr.constvars, constants)) | dict(zip(jaxpr.invars, arguments))

            def read(variable):
                return self.literal(variable.val) if hasattr(variable, "val") else environment[variable]

            for equation in jaxpr.eqns:
                results = self.apply(equation, [read(variable) for variable in equation.invars])
                environment.update(zip(equation.outvars, results))
            return [read(variable) for variable in jaxpr.outvars]

        def apply(self, equation, values):
            kind, shape, options = equation.primitive.name, equation.outvars[0].aval.shape, equation.params
            if kind in self.CALLS:
                known = self.named(options.get("name", ""), values, shape)
                if known is not None:
                    return [known]
                inner = next(options[key] for key in ("jaxpr", "call_jaxpr", "fun_jaxpr") if key in options)
                inner, constants = (inner.jaxpr, inner.consts) if hasattr(inner, "consts") else (inner, [])
                return self.run(inner, [self.literal(value) for value in constants], values)
            handler = getattr(self, "on_" + kind, None)
            if handler is not None:
                return [handler(values, shape, options)]
            if kind in self.SAME:
                return [values[0]]
            if kind in self.UNARY:
                result = self.elementwise(self.UNARY[kind], values, shape)
                if kind == "exp" and "shifted" in values[0].facts:
                    result.facts["exp"] = values[0].facts["shifted"]
                if kind == "neg":
                    result.facts["negative of"] = values[0]
                return [result]
            if kind in self.BINARY:
                return [self.binary(kind, values, shape)]
            if kind.startswith(("random", "threefry")):
                raise ExportError("the network draws random numbers: let it predict, with deterministic=True or train=False")
            raise ExportError(f"the network does {kind}, for which there is no ONNX here: {equation}"[:300])

        def named(self, name, values, shape):
            """Activations that JAX has as functions, and ONNX as operators."""
            def number(index, default):
                return values[index].facts.get("uniform") if len(values) > index else default

            kind, attributes = {
                "relu": ("Relu", {}), "elu": ("Elu", {"alpha": number(1, 1.0)}), "selu": ("Selu", {}),
                "leaky_relu": ("LeakyRelu", {"alpha": number(1, 0.01)}), "softplus": ("Softplus", {}),
                "hard_silu": ("HardSwish", {}), "hard_swish": ("HardSwish", {}),
                "log_softmax": ("LogSoftmax", {"axis": -1}),
            }.get(name, (None, {}))
            if kind is None or not shape or None in attributes.values() or len(values) > 2:
                return None
            value = values[0]
            if kind == "LogSoftmax":
                value = self.plain(value)
            if name == "softplus" and len(values) > 1:
                return None
            return Value(self.node(kind, [value.name], **attributes), shape, value.order, value.constant, value.sizes)

        def binary(self, kind, values, shape):
            """A sum, a difference, a product, …, with what it is part of: normalizations, means and softmax are ONNX's own."""
            result = self.arithmetic(kind, values, shape)
            first, second = values
            if kind == "add" and first.constant and second.facts.get("uniform"):
                result.facts["summands"] = (first, second.facts["uniform"])
            elif kind == "sub" and second.constant and not first.constant:
                result.facts["centred"] = (first, second)
            elif kind == "mul":
                for one, other in ((first, second), (second, first)):
                    if "inverse root" in one.facts and other.constant and other.shape:
                        result.facts["standard"] = (*one.facts["inverse root"], other)
                    elif "centred" in one.facts and "standard" in other.facts:
                        result.facts["standardized"] = (*one.facts["centred"], *other.facts["standard"])
            return result

        def normalized(self, value, mean, variance, epsilon, scale, shift):
            """γ (x − μ) / √(σ² + ε) + β with stored μ and σ², a number for each channel; nothing where it is something else."""
            vectors = [self.ordered(item, range(len(item.shape))) for item in (scale, shift, mean, variance)]
            axes = {tuple(axis - len(item.sizes) for axis, size in enumerate(item.sizes) if size != 1) for item in vectors}
            if len(axes) != 1 or len(next(iter(axes))) != 1 or len(value.shape) not in (2, 4):
                return None
            channel = next(iter(axes))[0] + len(value.shape)
            if channel == 0 or any(math.prod(item.sizes) != value.shape[channel] for item in vectors):
                return None
            count = self.constant(np.array([value.shape[channel]]))
            flat = [self.node("Reshape", [item.name, count]) for item in vectors]
            order = [0, channel] + [axis for axis in range(1, len(value.shape)) if axis != channel]
            name = self.node("BatchNormalization", [self.ordered(self.whole(value), order).name, *flat], epsilon=float(epsilon))
            return Value(name, value.shape, order)

        def arithmetic(self, kind, values, shape):
            first, second = values
            scalar = [value.facts.get("uniform") for value in values]
            if kind == "max" and -math.inf in scalar:
                return values[1 - scalar.index(-math.inf)]
            if kind in ("add", "sub") and scalar[1] == 0 and first.shape == shape:
                return first
            if kind == "add" and scalar[0] == 0 and second.shape == shape:
                return second
            if kind == "mul" and None in scalar and scalar != [None, None]:
                other = values[scalar.index(None)]
                if "negative of" in other.facts:
                    result = self.elementwise("Mul", values, shape)
                    result.facts["negative of"] = self.elementwise(
                        "Mul", [item if item is not other else other.facts["negative of"] for item in values], shape)
                    return result
            if kind == "max" and 0.0 in scalar:
                other = values[1 - scalar.index(0.0)]
                if "variance" in other.facts:
                    return other
                return Value(self.node("Relu", [other.name]), shape, other.order, other.constant, other.sizes)
            if kind == "add":
                for one, other in ((first, second), (second, first)):
                    if "standardized" in one.facts and other.constant:
                        known = self.normalized(*one.facts["standardized"], other)
                        if known is not None:
                            return known
            # A factor for each example times a constant for each channel: what it scales is better scaled by one after the other.
            if kind == "mul":
                for one, other in ((first, second), (second, first)):
                    if "factors" in other.facts and not one.constant:
                        return self.elementwise("Mul", [self.elementwise("Mul", [one, other.facts["factors"][0]], shape),
                                                        other.facts["factors"][1]], shape)
                    if one.constant and one.shape and not other.constant and any(
                            mine > theirs for mine, theirs in zip(one.sizes, other.sizes)):
                        result = self.elementwise("Mul", values, shape)
                        result.facts["factors"] = (other, one)
                        return result
            # The mean is a sum that was divided by how many there are.
            if kind == "div" and "mean" in first.facts and scalar[1] == first.facts["count"]:
                return first.facts["mean"]
            # The mean of squares less the square of the mean is the mean of the squares of differences.
            if kind == "sub" and "mean of" in first.facts and "square of" in second.facts:
                square, mean = first.facts["mean of"], second.facts["square of"].facts.get("mean of")
                if mean is not None and mean[1] == square[1] and square[0].facts.get("square of") is mean[0]:
                    return self.variance(mean[0], mean[1])
            if kind == "sub" and second.facts.get("maximum", (None,))[0] is first:
                result = self.elementwise("Sub", values, shape)
                result.facts["shifted"] = second.facts["maximum"]
                return result
            if kind == "div" and "exp" in first.facts and first.facts["exp"] == second.facts.get("sum of exp"):
                source, axes = first.facts["exp"]
                if len(axes) == 1:
                    source = self.ordered(source, range(len(shape)))
                    return Value(self.node("Softmax", [source.name], axis=axes[0]), shape)
            return self.elementwise(self.BINARY[kind], values, shape)

        # Reductions: the axes stay, of size 1, in case they come back

        def reduce(self, kind, value, axes):
            """The reduced value, and the same with its axes kept."""
            stored = [value.order.index(axis) for axis in axes]
            if kind == "ReduceSum":
                kept = self.node(kind, [value.name, self.constant(np.array(stored))], keepdims=1)
            else:
                kept = self.node(kind, [value.name], axes=stored, keepdims=1)
            return self.without(kept, value, axes)

        def without(self, name, value, axes):
            """A value whose axes have the size 1, without them."""
            stored = [value.order.index(axis) for axis in axes]
            sizes = [1 if axis in axes else size for axis, size in enumerate(value.shape)]
            left = [axis for axis in range(len(value.shape)) if axis not in axes]
            order = [left.index(axis) for axis in value.order if axis not in axes]
            result = Value(
                self.node("Squeeze", [name, self.constant(np.array(stored))]), [value.shape[axis] for axis in left], order,
                value.constant)
            result.facts["kept"] = Value(name, sizes, value.order, value.constant)
            return result

        def on_reduce_sum(self, values, shape, options):
            value, axes = self.whole(values[0]), tuple(options["axes"])
            count = math.prod(value.shape[axis] for axis in axes)
            mean = self.reduce("ReduceMean", value, axes)
            mean.facts["mean of"] = (value, axes)
            result = self.reduce("ReduceSum", value, axes)
            result.facts.update(mean=mean, count=float(count))
            if "exp" in value.facts and value.facts["exp"][1] == axes:
                result.facts["sum of exp"] = value.facts["exp"]
            return result

        def on_reduce_max(self, values, shape, options):
            result = self.reduce("ReduceMax", self.whole(values[0]), tuple(options["axes"]))
            result.facts["maximum"] = (values[0], tuple(options["axes"]))
            return result

        def whole(self, value):
            return value if value.sizes == value.shape else self.plain(value)

        def variance(self, value, axes):
            mean = self.reduce("ReduceMean", value, axes).facts["kept"]
            difference = self.node("Sub", [value.name, mean.name])
            square = Value(self.node("Mul", [difference, difference]), value.shape, value.order, value.constant)
            result = self.reduce("ReduceMean", square, axes)
            result.facts["variance"] = True
            return result

        # Shapes

        def on_broadcast_in_dim(self, values, shape, options):
            value, axes = values[0], options["broadcast_dimensions"]
            facts = {key: value.facts[key] for key in ("maximum", "sum of exp", "count", "mean of", "variance", "uniform") if key in value.facts}
            if "mean" in value.facts:
                facts["mean"] = self.on_broadcast_in_dim([value.facts["mean"]], shape, options)
            kept = value.facts.get("kept")
            ones = [1 if axis not in axes else shape[axis] for axis in range(len(shape))]
            if kept is not None and list(kept.shape) == ones:
                return Value(kept.name, shape, kept.order, kept.constant, ones, facts)
            value = self.ordered(value, range(len(value.shape)))
            sizes = [1] * len(shape)
            for axis, size in zip(axes, value.sizes):
                sizes[axis] = size
            added = [axis for axis in range(len(shape)) if axis not in axes]
            name = value.name
            if added and value.shape:
                name = self.node("Unsqueeze", [name, self.constant(np.array(added))])
            elif added:
                name = self.node("Reshape", [name, self.constant(np.array(sizes))])
            return Value(name, shape, None, value.constant, sizes, facts)

        def on_reshape(self, values, shape, options):
            value = values[0]
            # Axes of size 1 that come or go are no matter of order.
            if value.constant and [size for size in value.sizes if size != 1] == [size for size in shape if size != 1]:
                value = self.ordered(value, range(len(value.shape)))
                facts = {key: value.facts[key] for key in ("uniform",) if key in value.facts}
                return Value(self.node("Reshape", [value.name, self.constant(np.array(shape))]), shape, constant=True, facts=facts)
            return self.reshaped(value, shape)

        def on_squeeze(self, values, shape, options):
            value, axes = values[0], options["dimensions"]
            facts = {key: value.facts[key] for key in ("maximum", "sum of exp", "uniform") if key in value.facts}
            result = self.without(value.name, value, axes)
            result.sizes = tuple(size for axis, size in enumerate(value.sizes) if axis not in axes)
            result.facts.update(facts)
            return result

        def on_expand_dims(self, values, shape, options):
            axes = [axis for axis in range(len(shape)) if axis not in options["dimensions"]]
            return self.on_broadcast_in_dim(values, shape, {"broadcast_dimensions": axes})

        def on_tile(self, values, shape, options):
            value, repeats = self.ordered(values[0], range(len(shape))), options["reps"]
            if any(count != 1 and size != 1 for count, size in zip(repeats, value.sizes)):
                raise ExportError(f"the network repeats arrays of shape {value.shape} {repeats} times")
            return Value(value.name, shape, None, value.constant, value.sizes)

        def on_transpose(self, values, shape, options):
            value, axes = values[0], options["permutation"]
            order = [axes.index(axis) for axis in value.order]
            return Value(value.name, shape, order, value.constant, [value.sizes[axis] for axis in axes])

        def on_concatenate(self, values, shape, options):
            values = [self.plain(value) for value in values]
            return Value(self.node("Concat", [value.name for value in values], axis=options["dimension"]), shape)

        def on_slice(self, values, shape, options):
            value = self.plain(values[0])
            axes = [axis for axis, (old, new) in enumerate(zip(value.shape, shape)) if old != new]
            if any(value.shape[axis] % BATCH == 0 for axis in axes):
                raise ExportError("the network takes some examples of a batch")
            strides = options["strides"] or [1] * len(shape)
            parts = [[values[axis] for axis in axes] for values in (options["start_indices"], options["limit_indices"], range(len(shape)), strides)]
            return Value(self.node("Slice", [value.name] + [self.constant(np.array(part)) for part in parts]), shape, constant=value.constant) \
                if axes else value

        def on_pad(self, values, shape, options):
            value, padding = self.whole(values[0]), options["padding_config"]
            if any(between for _, _, between in padding) or any(min(before, after) < 0 for before, after, _ in padding):
                raise ExportError("the network pads between numbers, or less than nothing")
            stored = [padding[axis] for axis in value.order]
            pads = [before for before, _, _ in stored] + [after for _, after, _ in stored]
            return Value(self.node("Pad", [value.name, self.constant(np.array(pads)), values[1].name]), shape, value.order)

        def on_convert_element_type(self, values, shape, options):
            if not jnp.issubdtype(options["new_dtype"], jnp.floating):
                raise ExportError(f"the network makes {options['new_dtype']} of numbers that depend on its input")
            return values[0]

        # Arithmetic

        def on_square(self, values, shape, options):
            result = self.elementwise("Mul", [values[0], values[0]], shape)
            result.facts["square of"] = values[0]
            return result

        def on_integer_pow(self, values, shape, options):
            if options["y"] == 2:
                return self.on_square(values, shape, options)
            return self.elementwise("Pow", [values[0], self.literal(np.float32(options["y"]))], shape)

        def on_rsqrt(self, values, shape, options):
            result = self.elementwise("Reciprocal", [self.elementwise("Sqrt", values, shape)], shape)
            if "summands" in values[0].facts:
                result.facts["inverse root"] = values[0].facts["summands"]
            return result

        def on_log1p(self, values, shape, options):
            return self.elementwise("Log", [self.elementwise("Add", [values[0], self.literal(np.float32(1))], shape)], shape)

        def on_expm1(self, values, shape, options):
            return self.elementwise("Sub", [self.elementwise("Exp", values, shape), self.literal(np.float32(1))], shape)

        def on_erfc(self, values, shape, options):
            one, positive = self.literal(np.float32(1)), values[0].facts.get("negative of")
            if positive is not None:
                return self.elementwise("Add", [one, self.elementwise("Erf", [positive], shape)], shape)
            return self.elementwise("Sub", [one, self.elementwise("Erf", values, shape)], shape)

        def on_select_n(self, values, shape, options):
            return self.elementwise("Where", [values[0], values[2], values[1]], shape)

        def on_clamp(self, values, shape, options):
            return self.elementwise("Min", [self.elementwise("Max", [values[1], values[0]], shape), values[2]], shape)

        # Products

        def on_dot_general(self, values, shape, options):
            (sums, batches) = options["dimension_numbers"]
            sides = []
            for value, own_sums, own_batches in zip(values, sums, batches):
                value = self.whole(value)
                free = [axis for axis in range(len(value.shape)) if axis not in own_sums and axis not in own_batches]
                sides.append((value, list(own_batches), free, list(own_sums)))
            left, right = sides
            result = [left[0].shape[axis] for axis in left[1] + left[2]] + [right[0].shape[axis] for axis in right[2]]
            # A product of weights by what goes through the network is turned round, as ONNX's dense layers are.
            turned = left[0].constant and not right[0].constant and not left[1]
            if turned:
                left, right = right, left
            shared = [left[0].shape[axis] for axis in left[1]]
            total = math.prod(left[0].shape[axis] for axis in left[3])
            sizes = [[side[0].shape[axis] for axis in side[2]] for side in (left, right)]
            first = self.placed(left[0], left[1] + left[2] + left[3])
            if shared and len(sizes[0]) != 1 or len(left[3]) != 1:
                first = self.reshaped(first, shared + ([math.prod(sizes[0])] if shared else sizes[0]) + [total])
            second = self.placed(right[0], right[1] + right[3] + right[2])
            if len(sizes[1]) != 1 or len(right[3]) != 1:
                second = self.reshaped(second, shared + [total, math.prod(sizes[1])])
            product = Value(
                self.node("MatMul", [first.name, second.name]), list(first.shape[:-1]) + [second.shape[-1]],
                constant=first.constant and second.constant)
            product = self.reshaped(product, shared + sizes[0] + sizes[1])
            if not turned:
                return product
            count = len(sizes[0])
            order = [axis + len(sizes[1]) if axis < count else axis - count for axis in range(len(result))]
            return Value(product.name, result, order, product.constant)

        def placed(self, value, axes):
            """The value with its axes in this order, as an array of its own."""
            value = self.ordered(value, axes)
            return Value(value.name, [value.shape[axis] for axis in axes], constant=value.constant)

        def on_conv_general_dilated(self, values, shape, options):
            lhs, rhs, out = options["dimension_numbers"]
            if any(step != 1 for step in options["lhs_dilation"]) or options["batch_group_count"] != 1:
                raise ExportError("the network has a transposed convolution")
            inputs, weights = self.ordered(self.whole(values[0]), lhs), self.ordered(self.whole(values[1]), rhs)
            padding = options["padding"]
            name = self.node(
                "Conv", [inputs.name, weights.name], strides=options["window_strides"], dilations=options["rhs_dilation"],
                group=options["feature_group_count"], pads=[before for before, _ in padding] + [after for _, after in padding],
                kernel_shape=[weights.shape[axis] for axis in rhs[2:]])
            return Value(name, shape, out)

        def window(self, kind, value, shape, options, **attributes):
            value = self.whole(value)
            window, padding = options["window_dimensions"], options["padding"]
            if any(step != 1 for step in (*options["base_dilation"], *options["window_dilation"])):
                raise ExportError("the network has a pooling with holes")
            # Which axis has the channels, the windows say: they do not go over it.
            space = [axis for axis in range(1, len(shape)) if window[axis] != 1 or options["window_strides"][axis] != 1]
            if len(shape) != 4 or len(space) > 2 or window[0] != 1:
                raise ExportError(f"the network pools over windows {window}, not over height and width of images")
            channel = 1 if 1 not in space and (3 in space or value.order[1] == 1) else 3
            order = [0, channel] + [axis for axis in (1, 2, 3) if axis != channel]
            value = self.ordered(value, order)
            pads = [padding[axis][0] for axis in order[2:]] + [padding[axis][1] for axis in order[2:]]
            name = self.node(
                kind, [value.name], kernel_shape=[window[axis] for axis in order[2:]],
                strides=[options["window_strides"][axis] for axis in order[2:]], pads=pads, **attributes)
            return Value(name, shape, order)

        def on_reduce_window_max(self, values, shape, options):
            return self.window("MaxPool", values[0], shape, options)

        def on_reduce_window_sum(self, values, shape, options):
            if values[0].constant:
                raise ExportError("the network averages over what of a window lies in the image: pool without padding, or with count_include_pad=True")
            count = math.prod(options["window_dimensions"])
            mean = self.window("AveragePool", values[0], shape, options, count_include_pad=1)
            result = self.elementwise("Mul", [mean, self.literal(np.float32(count))], shape)
            result.facts.update(mean=mean, count=float(count))
            return result

        # The file

        def write(self, path, output, example_shape):
            """Writes what leads to the output."""
            needed, kept = {output}, []
            for name, inputs, body in reversed(self.nodes):
                if name in needed:
                    needed.update(inputs)
                    kept.append(body)
            graph = b"".join(field(1, body) for body in reversed(kept)) + field(2, "network")
            graph += b"".join(field(5, tensor(name, array)) for name, array in self.tensors.items() if name in needed)
            graph += field(11, value_info("inputs", [None, *example_shape])) + field(12, value_info(output, [None, None]))
            with open(path, "wb") as file:
                file.write(field(1, 8) + field(2, "export_posterior") + field(7, graph) + field(8, field(1, "") + field(2, 17)))
            return needed & set(self.tensors)


    def name_of(path):
        """A parameter's name: the keys that lead to it."""
        keys = [str(getattr(key, "key", getattr(key, "name", getattr(key, "idx", key)))) for key in path]
        return ".".join(key for key in keys if key != "value").replace("/", ".") or "parameter"


    def leaves_of(variables):
        """Floating-point parameters by their names, and a function that puts others in their place."""
        leaves, tree = jax.tree_util.tree_flatten_with_path(variables)
        names = [name_of(path) for path, _ in leaves]
        floats = {name: leaf for name, (_, leaf) in zip(names, leaves) if jnp.issubdtype(jnp.result_type(leaf), jnp.floating)}
        if len(set(names)) != len(names):
            raise ExportError("two parameters have the same name")

        def put(replacements):
            return jax.tree_util.tree_unflatten(
                tree, [replacements.get(name, leaf) for name, (_, leaf) in zip(names, leaves)])

        return floats, put


    def export_graph(apply, variables, example_shape, channels_last, path):
        """Writes the network that a function of (variables, inputs) computes; the names of the parameters it uses, and its last operator."""
        floats, put = leaves_of(variables)
        shapes = {name: jax.ShapeDtypeStruct(np.shape(leaf), jnp.float32) for name, leaf in floats.items()}
        closed = jax.make_jaxpr(lambda leaves, inputs: apply(put(leaves), inputs))(
            shapes, jax.ShapeDtypeStruct((BATCH, *example_shape), jnp.float32))
        if len(closed.jaxpr.outvars) != 1:
            raise ExportError(f"the function gives {len(closed.jaxpr.outvars)} arrays: return the logits alone")
        graph = Graph()
        # Dictionaries come in the order of their keys.
        parameters = [Value(name, np.shape(floats[name]), constant=True) for name in sorted(floats)]
        graph.tensors.update({name: np.asarray(floats[name], np.float32) for name in floats})
        stored, order = list(example_shape), None
        if channels_last:
            stored, order = [example_shape[-1], *example_shape[:-1]], [0, len(example_shape), *range(1, len(example_shape))]
        inputs = Value("inputs", (BATCH, *example_shape), order)
        result, = graph.run(closed.jaxpr, [graph.literal(value) for value in closed.consts], [*parameters, inputs])
        if BATCH not in result.shape[:1]:
            raise ExportError(f"the function gives an array of shape {result.shape} for a batch of {BATCH}")
        result = graph.plain(result)
        used = graph.write(path, result.name, stored)
        return sorted(used & set(floats)), re.match("[a-z]*", result.name).group()


    def export(apply, draws, inputs, labels, *, kind, chains=None, bounds=None, answers=20, channels_last=None,
               folder="posterior", output="posterior.h5", draws_source=None):
        """Writes what `posterior import` reads, and prints its command.

        apply   a function of (variables, inputs) that gives logits, (examples, classes), as the network predicts:
                lambda variables, inputs: model.apply(variables, inputs, train=False)
        draws   the variables of each draw, one after the other: what apply takes, a tree of arrays; for chains one after the other
        inputs  (examples, …) as the threat model sees them: bytes, or numbers within bounds, which are 0 and 1. Normalization
                is part of apply. Images have their channels last, unless channels_last=False
        labels  (examples), whole numbers from 0
        kind    ensemble, bootstrap, variational, mcmc, single; independent for dropout, Laplace, SWAG
        """
        inputs = np.asarray(inputs)
        channels_last = inputs.ndim == 4 if channels_last is None else channels_last
        example_shape = inputs.shape[1:]
        asked = np.asarray(inputs[:answers], np.float64) / (255 if inputs.dtype == np.uint8 else 1)
        if channels_last:
            inputs = np.ascontiguousarray(np.moveaxis(inputs, -1, 1))
        inputs = check_inputs(inputs, bounds, True)
        if kind not in KINDS:
            raise ExportError(f"kind is {kind!r}, not one of {', '.join(KINDS)}")
        begin_folder(folder)
        answered, digests, shapes = Answers(), [], None
        for draw, variables in enumerate(draws):
            floats, put = leaves_of(variables)
            floats = {name: np.asarray(leaf, np.float32) for name, leaf in floats.items()}
            check_finite(floats, draw)
            if draw == 0:
                used, ending = export_graph(apply, variables, example_shape, channels_last, os.path.join(folder, "network.onnx"))
                if not used:
                    raise ExportError("the function uses none of the parameters of its first argument")
                shapes = {name: floats[name].shape for name in used}
                ending = {"softmax": "Softmax", "logsoftmax": "LogSoftmax", "sigmoid": "Sigmoid"}.get(ending)
            missing = [name for name, shape in shapes.items() if name not in floats or floats[name].shape != shape]
            if missing:
                raise ExportError(f"draw {draw} has no parameter {missing[0]} of shape {shapes[missing[0]]}, which draw 0 has: draws are of one network")
            with double_precision():
                doubles = put({name: jnp.asarray(leaf, jnp.float64) for name, leaf in floats.items()})
                answered.add(apply(doubles, jnp.asarray(asked)), ending)
            if draws_source is None:
                write_safetensors(os.path.join(folder, f"draw{draw:05}.safetensors"), {name: floats[name] for name in shapes})
            digests.append(hashlib.sha256(b"".join(floats[name].tobytes() for name in shapes)).hexdigest())
        check_draws(digests, kind, chains)
        labels = check_labels(labels, len(inputs), answered.classes)
        place = shlex.quote(folder)
        source = f"--network {place}/network.onnx " + (draws_source or f"--draws {place}/draw*.safetensors")
        finish(folder, source, inputs, labels, answered, kind, chains, bounds, output)


    def double_precision():
        """JAX computes in float32 unless it is told otherwise."""
        return jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64()
    """#
}
