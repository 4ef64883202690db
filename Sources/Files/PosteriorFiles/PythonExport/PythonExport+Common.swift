extension PythonExport {
  /// Checks, files and the command that follows, whatever the framework.
  static let common = #"""
    KINDS = ("mcmc", "variational", "independent", "ensemble", "bootstrap", "single")


    class ExportError(ValueError):
        """What is wrong with what was handed over, in one sentence."""


    def write_safetensors(path, tensors):
        """Eight bytes with the length of a JSON header, the header, the numbers: https://github.com/huggingface/safetensors"""
        header, blocks, end = {}, [], 0
        for name, array in tensors.items():
            block = np.asarray(array).astype("<f4").tobytes()
            header[name] = {"dtype": "F32", "shape": list(np.shape(array)), "data_offsets": [end, end + len(block)]}
            blocks.append(block)
            end += len(block)
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + b"".join(blocks))


    def check_inputs(inputs, bounds, normalizes):
        """The inputs as an array of bytes, float32 or float64, within their bounds."""
        inputs = np.asarray(inputs)
        if inputs.ndim < 2 or not len(inputs):
            raise ExportError(f"inputs have the shape {inputs.shape}, not (examples, …) with one example at least")
        if inputs.dtype == np.uint8:
            if bounds is not None:
                raise ExportError("bytes mean their value divided by 255, from 0 to 1: leave out bounds, or give floating-point inputs")
            return inputs
        if inputs.dtype not in (np.float32, np.float64):
            raise ExportError(f"inputs are of type {inputs.dtype}: give bytes (uint8), float32 or float64")
        if not np.isfinite(inputs).all():
            raise ExportError("inputs hold NaN or infinity")
        pairs = np.array([[0.0, 1.0]] if bounds is None else bounds, np.float64).reshape(-1, 2)
        if len(pairs) > 1 and len(pairs) != inputs.shape[1]:
            raise ExportError(f"bounds are {len(pairs)} pairs for {inputs.shape[1]} channels: give (low, high), or one pair a channel")
        low, high = pairs.T.reshape(2, -1, *[1] * (inputs.ndim - 2))
        if (inputs < low - 1e-6 * (high - low)).any() or (inputs > high + 1e-6 * (high - low)).any():
            hint = "or bounds=(low, high)" if normalizes else \
                "with normalize=(mean, std) where the network expects normalized inputs, or bounds=(low, high)"
            raise ExportError(
                f"inputs go from {inputs.min():.6g} to {inputs.max():.6g}, outside the bounds "
                f"{'0 and 1' if bounds is None else np.asarray(bounds).tolist()}: give them before normalization, {hint}")
        return inputs


    def check_labels(labels, examples, classes):
        """The labels as whole numbers, one for each example."""
        labels = np.asarray(labels)
        if labels.shape != (examples,):
            raise ExportError(f"labels have the shape {labels.shape}, not ({examples},): one class for each example")
        if not np.issubdtype(labels.dtype, np.integer):
            raise ExportError(f"labels are of type {labels.dtype}: give whole numbers, from 0 to {classes - 1}")
        if labels.min() < 0 or labels.max() >= classes:
            raise ExportError(
                f"labels go from {labels.min()} to {labels.max()}, and the network has {classes} classes, from 0 to {classes - 1}")
        return labels.astype(np.int64)


    def check_finite(tensors, draw, masks=()):
        """Masks may hold minus infinity: what they hide has no weight."""
        for name, array in tensors.items():
            hidden = np.isneginf(array) if name in masks and array.dtype.kind == "f" else False
            if not (np.isfinite(array) | hidden).all():
                raise ExportError(f"draw {draw}: {name} holds NaN or infinity")


    def log_softmax(logits):
        shifted = logits - logits.max(-1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


    class Answers:
        """What the author's own program answers to the first inputs: `posterior import` compares its network with them.

        A network that ends in probabilities has no logits: only the log of the mean probability is written then.
        """

        def __init__(self):
            self.logits = []
            self.ending = None

        def add(self, outputs, ending):
            """The outputs of a draw at the inputs, (examples, classes) or (examples, 1); ending is the last ONNX operator."""
            outputs = np.asarray(outputs)
            if not np.isfinite(outputs).all():
                raise ExportError(f"draw {len(self.logits)} answers NaN or infinity: compute with weights that are finite and not huge")
            if outputs.ndim == 1:
                outputs = outputs[:, None]
            if outputs.ndim != 2:
                raise ExportError(f"the network answers with shape {outputs.shape}, not (examples, classes)")
            self.ending = ending
            with np.errstate(divide="ignore"):
                if ending == "Softmax":
                    outputs = np.log(outputs)
                elif ending == "Sigmoid":
                    outputs = np.log(np.concatenate([1 - outputs, outputs], 1))
            if outputs.shape[1] == 1:
                outputs = np.concatenate([np.zeros_like(outputs), outputs], 1)
            self.logits.append(outputs)

        @property
        def classes(self):
            return self.logits[0].shape[1]

        @property
        def gives_probabilities(self):
            return self.ending in ("Softmax", "LogSoftmax", "Sigmoid")

        def log_predictive(self):
            each = np.stack([log_softmax(logits) for logits in self.logits])
            top = each.max(0)
            return top + np.log(np.exp(each - top).mean(0))

        def arrays(self):
            predictive = self.log_predictive()
            if self.gives_probabilities:
                if not np.isfinite(predictive).all():
                    raise ExportError("a probability of the network is exactly 0: return the logits, before softmax or sigmoid")
                return {"log_predictive": predictive}
            return {"logits": np.stack(self.logits), "log_predictive": predictive}


    def check_draws(digests, kind, chains):
        """As many draws as their kind says, and not one of them several times."""
        if kind not in KINDS:
            raise ExportError(f"kind is {kind!r}, not one of {', '.join(KINDS)}")
        if not digests:
            raise ExportError("there are no draws")
        if len(digests) > 1 and len(set(digests)) == 1:
            raise ExportError(
                f"all {len(digests)} draws have the same weights: a list that holds one network several times has its last weights "
                "every time; copy.deepcopy each, or yield one after the other from a generator")
        if kind == "single" and len(digests) > 1:
            raise ExportError(f"kind='single' is one network, and there are {len(digests)} draws: kind='ensemble', perhaps")
        if chains is not None and kind != "mcmc":
            raise ExportError(f"chains are of kind='mcmc', not of kind={kind!r}")
        if chains and len(digests) % chains:
            raise ExportError(f"{len(digests)} draws cannot be shared among {chains} chains: one chain after the other, as many draws in each")


    def begin_folder(folder):
        """An empty place: draws that an earlier call left there would be read as draws of this one."""
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(folder):
            if re.fullmatch(r"draw\d{5}\.(safetensors|onnx)|(network\.onnx|data\.npz|answers\.npz)", name):
                os.remove(os.path.join(folder, name))


    def finish(folder, source, inputs, labels, answers, kind, chains, bounds, output):
        """Writes examples and answers, and prints the command that follows."""
        np.savez(os.path.join(folder, "data.npz"), inputs=inputs, labels=labels)
        arrays = answers.arrays()
        np.savez(os.path.join(folder, "answers.npz"), **arrays)
        predictive = arrays["log_predictive"]
        right = int((predictive.argmax(1) == labels[:len(predictive)]).sum())
        place = shlex.quote(folder)
        print(f"{folder}: {len(answers.logits)} draws, {len(inputs)} examples, answers to {len(predictive)} of them in {predictive.dtype}, "
              f"of which {right} are right")
        if answers.gives_probabilities:
            print(f"note: the network ends in {answers.ending}, which is left out when it is imported; better return logits yourself")
        command = f"posterior import {source} --data {place}/data.npz --reference {place}/answers.npz --kind {kind}"
        if chains:
            command += f" --chains {chains}"
        if bounds is not None:
            command += "".join(f" --bounds {float(low)} {float(high)}" for low, high in np.reshape(bounds, (-1, 2)))
        print(f"{command} --output {shlex.quote(output)}")
    """#
}
