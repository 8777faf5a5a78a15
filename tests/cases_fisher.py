# SPDX-License-Identifier: BSD-3-Clause
"""Random calls, refusals and benchmark rows of mixtures and Fisher vectors."""

import functools
import threading

import images
import numpy as np
from cases import Call, Case, Refusal, Row

DTYPES = ("?", "u1", "u2", "u4", "i1", "i2", "i4", "u8", "i8", "f2", "f4", "f8")


def mixture(means, covariances, weights):
    """A fitted mixture of these numbers, by hand."""
    from sklearn.mixture import GaussianMixture

    kind = "diag" if covariances.ndim == 2 else "spherical"
    gmm = GaussianMixture(len(weights), covariance_type=kind)
    gmm.means_, gmm.covariances_, gmm.weights_ = means, covariances, weights
    gmm.precisions_cholesky_ = 1 / np.sqrt(covariances)
    gmm.n_features_in_ = means.shape[1]
    return gmm


def draw_mixture(rng, descriptors):
    """Modes among the descriptors, so that some have neighbours, and not narrow against
    the numbers: there the reference, which expands the square, loses its digits."""
    modes, length = int(rng.choice([1, 2, 3, 7, 8, 9, 16, 19])), descriptors.shape[1]
    values = np.asarray(descriptors, np.float64)
    values = values[np.isfinite(values)]
    values = values if values.size else np.zeros(1)
    spread = max(np.ptp(values), np.abs(values).max() / 4) or 1.0
    low = values.min()
    means = low + spread * rng.random((modes, length))
    covariances = (spread * rng.uniform(0.3, 2, (modes, length))) ** 2
    weights = rng.random(modes) + 0.01
    return mixture(means, covariances, weights / weights.sum())


def drop_extremes(image):
    """Numbers whose squares' squares are finite and not lost."""
    if image.dtype.kind == "f" and image.size:
        size = np.abs(image.astype(np.float64))
        tiny, huge = size < 1e-10, size > 1e10
        if ((tiny & (image != 0)) | huge).any():
            return np.where(tiny | huge, 0, image).astype(image.dtype)
    return image


def draw_descriptors(rng, shape, layout):
    if shape is None:
        shape = int(rng.integers(1, 200)), int(rng.integers(1, 70))
        if rng.random() < 0.1:
            shape = int(rng.integers(500, 3000)), int(rng.integers(1, 9))
        elif rng.random() < 0.05:
            shape = 0, 5
    image, note = images.draw_image(rng, DTYPES, shape, "contiguous")
    layout = layout or str(rng.choice(list(images.LAYOUTS)))
    return images.lay_out(drop_extremes(image), layout), f"{note}, {layout}"


def fisher_call(rng, shape=None, layout=None):
    descriptors, note = draw_descriptors(rng, shape, layout)
    gmm, keywords = draw_mixture(rng, images.plain(descriptors)), {}
    if rng.random() < 0.3:
        keywords["improved"] = bool(rng.random() < 0.8)
        keywords["alpha"] = float(rng.choice([0.3, 0.5, 0.7, 1.0]))
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    return Call((descriptors, gmm), keywords, note)


def in_double(function):
    """The reference without its overflows of small types when they are squared."""

    def compute(descriptors, *arguments, **keywords):
        small = isinstance(descriptors, np.ndarray) and descriptors.dtype.kind in "biuf"
        descriptors = descriptors.astype("f8") if small else descriptors
        return function(descriptors, *arguments, **keywords)

    return compute


def tolerance(call):
    """Small powers magnify the rounding of what is nearly 0: x becomes x^alpha."""
    if call.keywords.get("improved"):
        return max(1e-10, 1e-12 ** call.keywords.get("alpha", 0.5))
    return 1e-10


class FisherCase(Case):
    """Small images come with a mixture of their width."""

    def on(self, image, **keywords):
        gmm = draw_mixture(np.random.default_rng(1), np.zeros((1, image.shape[1])))
        return self.ours()(image, gmm, **keywords)


@functools.cache
def good():
    return mixture(np.ones((2, 3)), np.ones((2, 3)), np.array([0.25, 0.75]))


def unfitted(**how):
    from sklearn.mixture import GaussianMixture

    return GaussianMixture(**how)


def fitted(kind):
    rng = np.random.default_rng(0)
    return unfitted(n_components=2, covariance_type=kind).fit(rng.random((20, 3)))


def fisher_refusals():
    ones = np.ones((5, 3))

    def refuse(name, error, text, *arguments, **keywords):
        return Refusal(name, Call(arguments, keywords), error, text)

    for name, value in (("list", [[1, 2, 3]]), ("None", None), ("text", "ones")):
        yield refuse(name, Exception, "descriptors is a NumPy array", value, good())
    for value in (None, 1, object()):
        text = "gmm is a sklearn.mixture.GaussianMixture"
        yield refuse(f"gmm {value!r:.9}", Exception, text, ones, value)
    for alpha in (1, None, "a", np.float32(0.5)):
        call = {"improved": True, "alpha": alpha}
        yield refuse(f"alpha {alpha!r}", Exception, "alpha", ones, good(), **call)
    yield refuse("not fitted", ValueError, "not fitted", ones, unfitted())
    for kind in ("full", "tied"):
        yield refuse(kind, ValueError, "covariance_type", ones, fitted(kind))
    for shape in ((), (3,), (0, 3), (5, 2), (5, 4), (5, 3, 1)):
        yield refuse(f"{shape}", ValueError, ".", np.ones(shape), good())
    for value in (np.nan, np.inf, -np.inf):
        spoiled = np.ones((600, 3))
        spoiled[599, 1] = value
        yield refuse(f"{value}", ValueError, "(?i)nan|infinity", spoiled, good())
    for dtype in ("c8", "U3", "S2", "M8[s]", "V4"):
        both = (TypeError, ValueError)
        yield refuse(dtype, both, ".", np.zeros((5, 3), dtype), good())
    yield refuse("masked", TypeError, "masked array", np.ma.ones((5, 3)), good())


# ------------------------------------------------------------------------ learn_gmm


ONE_SEED = threading.Lock()  # NumPy has one for all threads


def numbers(learn):
    """What a mixture was fitted to, so that it can be compared; from one seed."""

    def compute(*arguments, **keywords):
        with ONE_SEED:
            np.random.seed(3)
            gmm = learn(*arguments, **keywords)
        return gmm.weights_, gmm.means_, gmm.covariances_, gmm.precisions_cholesky_

    return compute


def learn_call(rng, shape=None, layout=None):
    descriptors, note = draw_descriptors(rng, shape, layout)
    if len(descriptors) > 400:
        descriptors = descriptors[:400]
    if descriptors.shape[1] > 60:
        descriptors = descriptors[:, :60]
    if rng.random() < 0.7:
        descriptors = descriptors + 0  # whatever the layout was
    keywords = {"n_modes": int(rng.integers(1, 4))}
    if rng.random() < 0.7:
        keywords["gm_args"] = {"covariance_type": "diag", "max_iter": 200}
        if rng.random() < 0.5:
            keywords["gm_args"]["random_state"] = int(rng.integers(100))
    if rng.random() < 0.5:
        keywords["workers"] = int(rng.integers(1, 5))
    return Call((descriptors,), keywords, note)


class LearnCase(Case):
    def on(self, image, **keywords):
        return self.ours()(image, n_modes=2, **keywords)


def learn_refusals():
    def refuse(name, error, text, descriptors, **keywords):
        return Refusal(name, Call((descriptors,), keywords), error, text)

    ones = np.ones((9, 3))
    wrong = "Please ensure "
    for name, value in (("text", "ones"), ("None", None)):
        yield refuse(name, Exception, wrong + "descriptors are either", value)
    yield refuse("lists", Exception, wrong + "descriptors are a list", [[1, 2], [3]])
    yield refuse("a list in it", TypeError, wrong, [ones, [1]])
    yield refuse("ranks", Exception, "of rank 2", [ones, ones[..., None]])
    yield refuse("vectors", ValueError, "of rank 2", [ones[0], ones[1]])
    yield refuse("columns", Exception, "same dimensionality", [ones, ones[:, :2]])
    yield refuse("none", ValueError, "empty", [])
    for shape in ((), (0,), (0, 3), (3,), (3, 2, 2), (3, 0)):
        yield refuse(f"{shape}", ValueError, ".", np.ones(shape), n_modes=1)
    for modes in (0, -1, "a", 2.0, None, np.int64(3)):
        text = "n_modes is a positive integer"
        yield refuse(f"n_modes {modes!r}", Exception, text, ones, n_modes=modes)
    yield refuse("too many", ValueError, "n_samples", ones, n_modes=10)
    for kind in ("full", "tied", "spherical", None):
        how = {"covariance_type": kind}
        text = 'Covariance type must be "diag".'
        yield refuse(f"{kind}", Exception, text, ones, gm_args=how)
    yield refuse("gm_args 5", TypeError, "gm_args", ones, gm_args=5)
    twice = {"n_components": 3, "covariance_type": "diag"}
    yield refuse("twice", TypeError, "n_components", ones, gm_args=twice)
    yield refuse("NaN", ValueError, "NaN", ones * np.nan, n_modes=1)
    yield refuse("masked", TypeError, "masked array", np.ma.ones((5, 3)), n_modes=1)


# ------------------------------------------------------------------------ benchmark


def patches(image):
    """20,000 patches of 8 x 8 pixels without their means, as descriptors of 64 numbers
    (as many as the image has in a small one)."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (8, 8)).reshape(-1, 64)
    count = min(20000, len(windows))
    chosen = np.random.default_rng(4).choice(len(windows), count, replace=False)
    rows = windows[chosen].astype("f8")
    return rows - rows.mean(axis=1, keepdims=True)


@functools.lru_cache(maxsize=4)
def learnt(modes, bytes_, shape):
    import skimage.feature

    rows = np.frombuffer(bytes_).reshape(shape)
    how = {"covariance_type": "diag", "random_state": 0, "max_iter": 20, "tol": 1e-2}
    return skimage.feature.learn_gmm(rows, n_modes=modes, gm_args=how)


def sixteen_modes(rows):
    """The mixture of 16 modes that is learnt from the descriptors."""
    few = np.ascontiguousarray(rows[:4000])
    return (learnt(16, few.tobytes(), few.shape),)


HOW = {"covariance_type": "diag", "random_state": 0, "max_iter": 10, "tol": 0.1}
MODES = {"n_modes": 4, "gm_args": HOW}

CASES = (
    LearnCase(
        "learn_gmm",
        family="fisher",
        draw=learn_call,
        dtypes=DTYPES,
        use=numbers,
        takes_image=False,
        tolerance=1e-10,
        refusals=learn_refusals,
        bench=(Row(160, 160, "f8", keywords=MODES, of=patches),),
        random_calls=200,
    ),
    FisherCase(
        "fisher_vector",
        family="fisher",
        draw=fisher_call,
        dtypes=DTYPES,
        adapt=in_double,
        takes_image=False,
        tolerance=tolerance,
        refusals=fisher_refusals,
        bench=(
            Row(512, 512, "f8", of=patches, more=sixteen_modes),
            Row(
                512,
                512,
                "f8",
                of=patches,
                more=sixteen_modes,
                keywords={"improved": True},
            ),
        ),
        random_calls=500,
    ),
)
