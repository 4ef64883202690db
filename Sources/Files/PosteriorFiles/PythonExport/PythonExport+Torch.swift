extension PythonExport {
  /// PyTorch: networks as ONNX and `.safetensors`, and dropout whose masks belong to a draw.
  static let torchText = #"""
    class Normalized(torch.nn.Module):
        """A network behind the normalization of its inputs, one mean and one deviation for each channel."""

        def __init__(self, network, mean, std, dimensions):
            super().__init__()
            self.network = network
            shape = (-1,) + (1,) * (dimensions - 2)
            self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float32).reshape(shape), persistent=False)
            self.register_buffer("std", torch.as_tensor(std, dtype=torch.float32).reshape(shape), persistent=False)

        def forward(self, inputs):
            return self.network((inputs - self.mean) / self.std)


    def onnx_fields(data):
        """The fields of a protobuf message, as (number, value)."""
        position = 0

        def varint():
            nonlocal position
            value = shift = 0
            while True:
                byte = data[position]
                position += 1
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return value

        while position < len(data):
            key = varint()
            if key & 7 == 0:
                yield key >> 3, varint()
            else:
                size = {1: 8, 5: 4}.get(key & 7) or varint()
                yield key >> 3, data[position:position + size]
                position += size


    def read_graph(path):
        """The names of a graph's float tensors, and the operator that gives its output."""
        with open(path, "rb") as file:
            graph = next(value for number, value in onnx_fields(memoryview(file.read())) if number == 7)
        names, operators, output = set(), {}, ""
        for number, value in onnx_fields(graph):
            if number == 5:
                tensor = dict(onnx_fields(value))
                if tensor[2] == 1:
                    names.add(bytes(tensor[8]).decode())
            elif number == 1:
                node = list(onnx_fields(value))
                kind = next(bytes(field).decode() for key, field in node if key == 4)
                operators.update((bytes(field).decode(), (kind, node)) for key, field in node if key == 2)
            elif number == 12:
                output = bytes(dict(onnx_fields(value))[1]).decode()
        kind, node = operators.get(output, ("", []))
        while kind in ("Identity", "Squeeze", "Reshape", "Flatten"):
            kind, node = operators.get(next(bytes(field).decode() for key, field in node if key == 1), ("", []))
        if kind == "Log":
            before = operators.get(next(bytes(field).decode() for key, field in node if key == 1), ("", []))[0]
            kind = "LogSoftmax" if before == "Softmax" else kind
        return names, kind


    def export_graph(network, example, path):
        """Writes a network as ONNX under the names of its state_dict: nothing is folded, so that each tensor is one of them."""
        options = dict(
            opset_version=17, input_names=["inputs"], output_names=["logits"],
            dynamic_axes={"inputs": {0: "n"}, "logits": {0: "n"}}, do_constant_folding=False, keep_initializers_as_inputs=False,
            # TrainingMode.EVAL would fold batch normalization into convolutions. The network is in evaluation mode itself.
            training=torch.onnx.TrainingMode.PRESERVE)
        if "dynamo" in inspect.signature(torch.onnx.export).parameters:
            options["dynamo"] = False
        try:
            import onnx  # noqa: F401
        except ImportError:
            # The exporter needs that package for functions of one's own alone, and there are none.
            for name, module in list(sys.modules.items()):
                if name.startswith("torch.onnx") and "_add_onnxscript_fn" in vars(module):
                    module._add_onnxscript_fn = lambda model_bytes, custom_opsets: model_bytes
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(network, (example,), path, **options)


    def network_of(item, template, draw):
        """The network of a draw, in float32 on the processor, with what the user may have forgotten."""
        if isinstance(item, dict):
            if template is None:
                raise ExportError("draws are state_dicts: give a network with their names as network=")
            try:
                template.load_state_dict(item)
            except RuntimeError as error:
                raise ExportError(f"draw {draw} is no state_dict of the network: {' '.join(str(error).split())}") from None
            item = template
        if not isinstance(item, torch.nn.Module):
            raise ExportError(f"draw {draw} is a {type(item).__name__}, neither a torch.nn.Module nor a state_dict")
        for name, module in item.named_modules():
            if module.training:
                raise ExportError(f"draw {draw} is in training mode ({name or 'the network'}): call eval() on it")
        network = copy.deepcopy(item).cpu().float()
        buffers = {name for name, _ in network.named_buffers()}
        check_finite({name: value.numpy() for name, value in network.state_dict().items()}, draw, masks=buffers)
        return network


    def outputs_of(network, inputs, draw):
        """What a network answers, in float64 where it can compute so."""
        with torch.no_grad():
            try:
                outputs = copy.deepcopy(network).double()(inputs.double())
                again = copy.deepcopy(network).double()(inputs.double())
            except RuntimeError:
                outputs, again = network(inputs.float()), network(inputs.float())
        if not isinstance(outputs, torch.Tensor):
            raise ExportError(f"the network answers with a {type(outputs).__name__}: wrap it in one that returns the logits alone")
        if not torch.equal(outputs, again):
            raise ExportError(
                f"draw {draw} answers the same inputs differently each time: its random numbers are part of a draw, and must be fixed")
        return outputs.numpy()


    def export(models, inputs, labels, *, kind, network=None, normalize=None, bounds=None, chains=None, answers=20,
               folder="posterior", output="posterior.h5"):
        """Writes what `posterior import` reads, and prints its command.

        models     one network for each draw (torch.nn.Module), or one state_dict for each and the network as network=; a
                   generator that changes one network and yields it works as well; for chains one after the other
        inputs     (examples, …) as the threat model sees them: bytes, or numbers within bounds, which are 0 and 1
        labels     (examples), whole numbers from 0
        kind       ensemble, bootstrap, variational, mcmc, single; independent for dropout, Laplace, SWAG
        normalize  (mean, std) where the networks expect (inputs − mean) / std
        bounds     (low, high), or one such pair for each channel
        answers    how many of the inputs are answered in your own arithmetic, to compare with
        """
        if isinstance(inputs, torch.Tensor):
            inputs = inputs.detach().cpu().numpy()
        if isinstance(labels, torch.Tensor):
            labels = labels.detach().cpu().numpy()
        inputs = check_inputs(inputs, bounds, normalize is not None)
        asked = torch.as_tensor(inputs[:answers])
        asked = asked.double() / 255 if asked.dtype == torch.uint8 else asked
        if kind not in KINDS:
            raise ExportError(f"kind is {kind!r}, not one of {', '.join(KINDS)}")
        begin_folder(folder)
        graph = os.path.join(folder, "network.onnx")
        template = copy.deepcopy(network)
        answered, digests, shapes, named, constants = Answers(), [], None, True, {}
        for draw, item in enumerate([models] if isinstance(models, torch.nn.Module) else models):
            net = network_of(item, template, draw)
            if normalize is not None:
                net = Normalized(net, *normalize, inputs.ndim).eval()
            tensors = {name: value.numpy() for name, value in net.state_dict().items() if value.is_floating_point()}
            outputs = outputs_of(net, asked, draw)
            saved = net.state_dict()
            unsaved = {name: value.numpy().tobytes() for name, value in net.named_buffers() if name not in saved}
            if draw == 0:
                constants = unsaved
                check_labels(labels, len(inputs), max(2, outputs.shape[-1] if outputs.ndim > 1 else 1))
                export_graph(net, asked[:2].float(), graph)
                names, ending = read_graph(graph)
                if normalize is not None:
                    names -= {"mean", "std"}
                # Of equal tensors the exporter keeps one: other draws may have them different, but where they are one tensor.
                merged = {value.tobytes(): value.ctypes.data for name, value in tensors.items() if name in names and value.size > 1}
                named = names <= set(tensors) and all(
                    merged.get(value.tobytes(), value.ctypes.data) == value.ctypes.data
                    for name, value in tensors.items() if name not in names)
                shapes = {name: tensors[name].shape for name in sorted(names & set(tensors))}
            changed = [name for name, value in unsaved.items() if constants.get(name) != value]
            if changed:
                raise ExportError(f"draw {draw} has another {changed[0]} than draw 0, which is no part of its state_dict: register it as persistent")
            missing = [name for name, shape in shapes.items() if name not in tensors or tensors[name].shape != shape]
            if missing:
                raise ExportError(f"draw {draw} has no tensor {missing[0]} of shape {shapes[missing[0]]}, which draw 0 has: draws are of one network")
            if named:
                write_safetensors(os.path.join(folder, f"draw{draw:05}.safetensors"), {name: tensors[name] for name in shapes})
            else:
                export_graph(net, asked[:2].float(), os.path.join(folder, f"draw{draw:05}.onnx"))
            answered.add(outputs, ending)
            digests.append(hashlib.sha256(b"".join(tensors[name].tobytes() for name in shapes)).hexdigest())
        check_draws(digests, kind, chains)
        place = shlex.quote(folder)
        if not named:
            os.remove(graph)
        source = f"--network {place}/network.onnx --draws {place}/draw*.safetensors" if named else f"{place}/draw*.onnx"
        labels = check_labels(labels, len(inputs), answered.classes)
        finish(folder, source, inputs, labels, answered, kind, chains, bounds, output)


    class FixedDropout(torch.nn.Module):
        """Dropout with masks that belong to a draw: 0, or 1 / (1 − p), for each unit or each channel."""

        def __init__(self, dropout, shapes):
            super().__init__()
            self.keep, self.count, self.calls = 1 - dropout.p, len(shapes), 0
            for index, shape in enumerate(shapes):
                self.register_buffer(f"mask{index}", torch.ones(shape))

        def draw(self, generator):
            for mask in self.buffers():
                mask.copy_(torch.bernoulli(torch.full(mask.shape, self.keep), generator=generator) / self.keep)

        def forward(self, inputs):
            mask = getattr(self, f"mask{self.calls}")
            self.calls = (self.calls + 1) % self.count
            return inputs * mask


    def dropout_draws(network, inputs, draws, seed=0):
        """Networks whose dropout stays on, with masks drawn once for each: kind='independent'.

        Every torch.nn.Dropout is on, as in Monte Carlo dropout; a mask is the same for all inputs, so that a draw is one network.
        """
        network = copy.deepcopy(network).cpu().eval()
        shapes = {}

        def note(module, given, result):
            dimensions = 2 if isinstance(module, torch.nn.Dropout) else given[0].ndim
            channels = given[0].shape[1:] if dimensions == 2 else given[0].shape[1:2] + (1,) * (dimensions - 2)
            shapes.setdefault(module, []).append(tuple(channels))

        kinds = (torch.nn.Dropout, torch.nn.Dropout1d, torch.nn.Dropout2d, torch.nn.Dropout3d)
        places = {name: module for name, module in network.named_modules(remove_duplicate=False)
                  if isinstance(module, kinds) and module.p > 0}
        example = torch.as_tensor(inputs[:1]).cpu().float()
        hooks = [module.register_forward_hook(note) for module in set(places.values())]
        with torch.no_grad():
            network(example)
        for hook in hooks:
            hook.remove()
        if not shapes:
            raise ExportError("the network has no torch.nn.Dropout that it calls: make one of every dropout in forward()")
        fixed = {module: FixedDropout(module, found).eval() for module, found in shapes.items()}
        for name, module in places.items():
            if module in fixed:
                parent, _, child = name.rpartition(".")
                setattr(network.get_submodule(parent), child, fixed[module])
        for module in network.modules():
            module.training = not isinstance(module, torch.nn.modules.batchnorm._BatchNorm)
        with torch.no_grad():
            if not torch.equal(network(example), network(example)):
                print("note: what is random in this network besides torch.nn.Dropout, such as F.dropout or dropout of attention, stays off")
        network.eval()
        generator = torch.Generator().manual_seed(seed)
        for _ in range(draws):
            for module in fixed.values():
                module.draw(generator)
            yield network
    """#
}
