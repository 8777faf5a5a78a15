# SPDX-License-Identifier: BSD-3-Clause
"""Promise: matches are drawn as scikit-image draws them; many are matched in little
memory."""

import feature
import helpers
import numpy as np
import pytest
import scipy.spatial.distance
import skimage.feature

pyplot = pytest.importorskip("matplotlib.figure")


def drawn(function, *images, **keywords):
    """Everything that was put on the axes."""
    ax = pyplot.Figure().subplots()
    function(*images, ax=ax, **keywords)
    lines = [(line.get_xydata().tolist(), line.get_color()) for line in ax.lines]
    lines = [(points, np.asarray(color).tolist()) for points, color in lines]
    circles = [c.get_offsets().tolist() for c in ax.collections]
    edges = [c.get_edgecolors().tolist() for c in ax.collections]
    picture = np.asarray(ax.get_images()[0].get_array())
    return lines, circles, edges, picture.tolist(), ax.axis()


def arguments(rng, shapes, dtype):
    pair = [(rng.random(shape) * 200).astype(dtype) for shape in shapes]
    points = [rng.integers(0, 5, (6, 2)) for _ in shapes]
    matches = rng.integers(0, 6, (4, 2))
    named = {"keypoints0": points[0], "keypoints1": points[1], "matches": matches}
    return pair, named


@pytest.mark.parametrize("shapes", [((7, 9), (7, 9)), ((5, 9), (8, 6)),
                                    ((6, 7, 3), (9, 5, 3))])
@pytest.mark.parametrize("dtype", ["u1", "f4", "i2"])
@pytest.mark.parametrize("keywords", [
    {}, {"alignment": "vertical"}, {"only_matches": True}, {"matches_color": "r"},
    {"matches_color": ["r", "g", "b", "y"]}, {"keypoints_color": "c"},
])
def test_matches_are_drawn_alike(shapes, dtype, keywords):
    rng = np.random.default_rng(5)
    pair, named = arguments(rng, shapes, dtype)
    ours = drawn(feature.plot_matched_features, *pair, **named, **keywords)
    theirs = drawn(skimage.feature.plot_matched_features, *pair, **named, **keywords)
    assert ours == theirs


def test_blobs_are_drawn_as_keypoints():
    pair, named = arguments(np.random.default_rng(5), ((7, 9), (7, 9)), "u1")
    blobs = {name: np.pad(named[name], ((0, 0), (0, 1))) for name in named}
    blobs["matches"] = named["matches"]
    drawings = [drawn(feature.plot_matched_features, *pair, **given)
                for given in (named, blobs)]
    assert drawings[0] == drawings[1]


@pytest.mark.parametrize("keywords, text", [
    ({"alignment": "diagonal"}, "'horizontal' or 'vertical'"),
    ({"matches_color": ["r", "g"]}, "`matches_color` needs to be a single color"),
])
def test_wrong_words_are_refused(keywords, text):
    pair, named = arguments(np.random.default_rng(5), ((7, 9), (7, 9)), "f8")
    with pytest.raises(ValueError, match=text):
        drawn(feature.plot_matched_features, *pair, **named, **keywords)


def descriptors_with_ties(rng, kind, length):
    """Two sets, many of whose distances are equal, or nearly so."""
    if kind == "b1":
        return [rng.random((n, length)) < 0.05 for n in (90, 131)]
    if kind == "u1":
        return [rng.integers(0, 3, (n, length)).astype("u1") * 127 for n in (90, 131)]
    base = rng.random((12, length)) + 100
    near = [base[rng.integers(0, 12, n)] for n in (90, 131)]
    return [(a + rng.integers(0, 2, a.shape) * 1e-6).astype(kind) for a in near]


@pytest.mark.parametrize("kind", ["b1", "u1", "f4", "f8"])
@pytest.mark.parametrize("length", [1, 3, 64, 129, 300])
@pytest.mark.parametrize("workers", [1, 2])
def test_the_cross_check_decides_ties_as_the_reference(kind, length, workers):
    rng = np.random.default_rng(length)
    for _ in range(4):
        first, second = descriptors_with_ties(rng, kind, length)
        for keywords in ({}, {"max_ratio": 0.9}, {"max_distance": 50.0}):
            ours = feature.match_descriptors(first, second, workers=workers, **keywords)
            theirs = skimage.feature.match_descriptors(first, second, **keywords)
            np.testing.assert_array_equal(ours, theirs)


def assert_same_matches(*sets, **keywords):
    ours = feature.match_descriptors(*sets, **keywords)
    theirs = skimage.feature.match_descriptors(*sets, **keywords)
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("scale", [1e-200, 3e-161, 1e-22, 1e-12, 1.0])
def test_sets_that_float32_does_not_hold_are_told_apart(scale):
    few, zeros = np.array([[3.0], [1.0], [2.0]]) * scale, np.zeros((2, 1))
    for pair in (few, zeros), (zeros, few), (few, few[::-1]):
        assert_same_matches(*pair)


@pytest.mark.parametrize("metric, p", [
    ("Minkowski", 1), ("minkowski", 1), ("minkowski", np.array(2.0)), ("pnorm", np.inf),
    ("test_seuclidean", 2), (scipy.spatial.distance.seuclidean, 2),
    (scipy.spatial.distance.cityblock, 2),
])
def test_metrics_in_any_spelling(metric, p):
    rng = np.random.default_rng(3)
    sets = rng.integers(0, 5, (9, 3)) * 1.0, rng.integers(0, 5, (7, 3)) * 1.0
    assert_same_matches(*sets, metric=metric, p=p)


def test_metrics_of_whole_sets_are_not_cut_in_blocks(monkeypatch):
    monkeypatch.setattr("featurelib.matching._DISTANCES_AT_ONCE", 20)
    rng = np.random.default_rng(3)
    sets = rng.random((30, 3)) * [1, 10, 100], rng.random((20, 3))
    for metric in ("seuclidean", scipy.spatial.distance.seuclidean, "canberra"):
        assert_same_matches(*sets, metric=metric)


def test_an_unknown_metric_is_refused_with_nothing_to_match():
    with pytest.raises(ValueError, match="Unknown Distance Metric"):
        feature.match_descriptors(
            np.zeros((0, 4)), np.ones((3, 4)), metric="bogus", cross_check=False
        )


def test_long_doubles_are_compared_as_such():
    values = 1 + np.arange(4) * np.finfo(np.longdouble).eps
    assert_same_matches(values[:, np.newaxis], values[::-1, np.newaxis].copy())


def test_any_byte_but_0_is_true():
    rng = np.random.default_rng(3)
    first, second = (rng.integers(0, 4, (20, 70), np.uint8) for _ in range(2))
    expected = feature.match_descriptors(first != 0, second != 0)
    for layout in (np.ascontiguousarray, np.asfortranarray):
        pair = [layout(descriptors.view(bool)) for descriptors in (first, second)]
        np.testing.assert_array_equal(feature.match_descriptors(*pair), expected)


@pytest.mark.parametrize("awkward", [np.nan, np.inf, 1e200, 1e-200])
def test_one_awkward_descriptor_does_not_change_the_cross_check(awkward):
    rng = np.random.default_rng(7)
    for place in (0, 1, None):
        pair = [rng.random((70, 20)), rng.random((80, 20))]
        for chosen in pair if place is None else (pair[place],):
            chosen[3, rng.integers(0, 20, 3)] = awkward
        ours = feature.match_descriptors(*pair)
        np.testing.assert_array_equal(ours, skimage.feature.match_descriptors(*pair))


@pytest.mark.skipif(helpers.SANITIZED, reason="a sanitizer has memory of its own")
def test_twenty_thousand_descriptors_match_in_bounded_memory():
    """The matrix of all distances would take 3.2 GB."""
    done = helpers.python("""
        import resource
        import numpy as np, feature
        rng = np.random.default_rng(0)
        first = rng.random((20000, 256)) > 0.5
        second = first[::-1] ^ (rng.random((20000, 256)) < 0.02)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        matches = feature.match_descriptors(first, second, max_ratio=0.8)
        assert (matches[:, 1] == 19999 - matches[:, 0]).all() and len(matches) == 20000
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """)
    assert int(done.stdout) < 32 * 1024
