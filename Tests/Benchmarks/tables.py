"""The tables of Docs/performance.md, from the seconds of all rows."""
import statistics

from attack_works import LIST, Work

# Title, our row, whose and which row stands beside it, the ratio aimed at.
RATIOS = [
    ("PGD on the predictive of 784-512-512-10, float32", "pgd-784-512-512-10-float32", "torch", "pgd-784-512-512-10-float32", 2.6),
    ("the same, bfloat16 gradients, beside float32", "pgd-784-512-512-10-bfloat16", "torch", "pgd-784-512-512-10-float32", 5.3),
    ("the same, float32, beside one image and one draw at a time", "pgd-784-512-512-10-float32", "torch", "pgd-one-at-a-time", 100),
    ("the same, bfloat16 gradients", "pgd-784-512-512-10-bfloat16", "torch", "pgd-one-at-a-time", 100),
    ("linear certificate of 50 draws of 784-64-64-10 at one ε, float64, beside PGD on 784-512-512-10", "certify-784-64-64-10", "torch",
     "pgd-784-512-512-10-float32", 1),
    ("input gradient of the convolutional network, float32", "conv-float32", "torch", "conv", 2.0),
    ("PGD on six ResNet-20, float32", "pgd-resnet20-float32", "torch", "pgd-resnet20-float32", 1.5),
    ("PGD on twenty mobile networks, float32", "pgd-mobile-float32", "torch", "pgd-mobile-float32", 1.5),
    ("full-batch gradient of the log-posterior, float32", "gradient-float32", "torch", "gradient", 2.5),
    ("the same", "gradient-float32", "jax", "gradient", 1.4),
    ("the same, bfloat16", "gradient-bfloat16", "torch", "gradient", 5.0),
    ("the same, bfloat16", "gradient-bfloat16", "jax", "gradient", 2.8),
    ("HMC transition of 10 leapfrog steps, float32", "hmc-float32", "jax", "hmc", 1.4),
    ("training step of the convolutional network, float32", "conv-training-float32", "torch", "conv-training", 1.6),
]
NAMES = {"torch": "PyTorch", "jax": "JAX, NumPyro"}


def seconds(values):
    return f"{min(values):.3g} / {statistics.median(values):.3g} s"


def ratio(found, other):
    """How many times faster a member-gradient is here, by the shortest times; works of different size can be compared."""
    mine = min(found["seconds"]) / found["member_gradients"]
    theirs = min(other["seconds"]) / other["member_gradients"]
    return f"{theirs / mine:.3g} ×"


def attack_table(results):
    yield ("| network | draws × images | precision | ours, min / median | PyTorch, the same precision | its fastest way | ratio | "
           "beside its float32 | ours, GFLOP/s | product alone | share | PyTorch's product |")
    yield "|---|---|---|--:|--:|---|--:|--:|--:|--:|--:|--:|"
    for entry in LIST["works"]:
        for precision in ("float32", "bfloat16", "float64"):
            row = f"pgd-{entry['name']}-{precision}"
            ours, theirs = results.get(("ours", row)), results.get(("torch", row))
            if not ours and not theirs:
                continue
            work = Work(row)
            plain = results.get(("torch", f"pgd-{entry['name']}-float32"))
            cells = [entry["name"], f"{work.draws} × {work.images}", precision]
            cells.append(seconds(ours["seconds"]) if ours else "–")
            cells += [seconds(theirs["seconds"]), theirs["way"]] if theirs else ["–", "–"]
            cells.append(ratio(ours, theirs) if ours and theirs else "–")
            # What is shared counts once for all draws, so that rates of another number of them say nothing.
            compares = not work.is_last_layer_drawn or work.draws == entry["draws"]
            cells.append(ratio(ours, plain) if ours and plain and compares and precision != "float32" else "–")
            if ours:
                cells += [f"{ours['gflops']:.0f}", f"{ours['product_gflops']:.0f}", f"{100 * max(ours['packed']):.0f} %"]
            else:
                cells += ["–"] * 3
            cells.append(f"{theirs['product_gflops']:.0f}" if theirs else "–")
            yield "| " + " | ".join(cells) + " |"


def differences(results):
    """Attacks in which the two sides did not find the same: they are not the same work then."""
    for (side, row), ours in results.items():
        theirs = results.get(("torch", row))
        if side != "ours" or not theirs or "log_loss" not in ours or "log_loss" not in theirs:
            continue
        images = Work(row).images
        if abs(ours["log_loss"] - theirs["log_loss"]) > 1e-3 or abs(ours["fallen"] - theirs["fallen"]) > 0.02 * images:
            yield (f"{row}: ours has a mean log-loss of {ours['log_loss']:.5g} and {ours['fallen']} of {images} fallen, "
                   f"PyTorch {theirs['log_loss']:.5g} and {theirs['fallen']}")


def troubles(results):
    """What PyTorch could not do here."""
    return sorted({found["trouble"] for found in results.values() if found.get("trouble")})


def ratio_table(results):
    if not any(("ours", ours) in results and (side, theirs) in results for _, ours, side, theirs, _ in RATIOS):
        return
    yield "| work | beside | theirs, min / median | ours, min / median | ratio of minima | of medians | aim | |"
    yield "|---|---|---|---|---|---|---|---|"
    for title, ours, side, theirs, aim in RATIOS:
        a, b = results.get(("ours", ours)), results.get((side, theirs))
        if not a or not b:
            continue
        best = min(b["seconds"]) / min(a["seconds"])
        middle = statistics.median(b["seconds"]) / statistics.median(a["seconds"])
        yield (f"| {title} | {NAMES[side]} | {seconds(b['seconds'])} | {seconds(a['seconds'])} | {best:.3g} × | {middle:.3g} × | "
               f"≥ {aim:g} × | {'reached' if best >= aim else 'missed'} |")


def own_table(results):
    yield "| ours | min / median | GFLOP/s | member-gradients/s | products alone | peak memory |"
    yield "|---|---|---|---|---|---|"
    for (side, row), found in results.items():
        if side != "ours":
            continue
        packed = f"{100 * max(found['packed']):.0f} %" if found["packed"] else "–"
        # A certificate makes no gradients.
        rate = f"{found['member_gradients'] / min(found['seconds']):.3g}" if "member_gradients" in found else "–"
        yield (f"| {row} | {seconds(found['seconds'])} | {found['gflops']:.0f} | {rate} | {packed} | "
               f"{found['peak'] / 2**20:.0f} MiB |")
