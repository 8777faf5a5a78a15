# SPDX-License-Identifier: BSD-3-Clause
"""Haar-like features and Cascade beyond the Cases: the plain definition, packed
features, files that are no cascade, and calls that the reference does not survive."""

import copy
import inspect
import io
import pickle
from xml.etree import ElementTree

import cases  # noqa: F401  (it imports cases_haar, which needs it)
import cases_haar
import compare
import feature
import helpers
import images
import numpy as np
import pytest
from featurelib import _draw

WINDOW = {"width": 7, "height": 6}


def by_definition(image, r, c, feature_):
    """Pixels of odd rectangles less pixels of even ones, summed one by one."""
    value = 0
    for place, ((top, left), (bottom, right)) in enumerate(feature_):
        part = image[r + top : r + bottom + 1, c + left : c + right + 1]
        value += int(part.sum()) * (1 if place % 2 else -1)
    return value


@pytest.mark.parametrize("dtype", ["i8", "u8", "u4", "f8", "f4"])
def test_features_are_the_sums_of_pixels_everywhere_in_the_image(dtype):
    rng = images.generator("haar everywhere")
    image = rng.integers(0, 50, (12, 15))
    integral = image.cumsum(0).cumsum(1).astype(dtype)
    coord, _ = feature.haar_like_feature_coord(**WINDOW)
    for r, c in ((0, 0), (0, 3), (4, 0), (3, 5), (6, 8)):
        found = feature.haar_like_feature(integral, r, c, **WINDOW)
        expected = [by_definition(image, r, c, one) for one in coord]
        assert found.tolist() == expected


def test_the_reference_differs_away_from_the_origin_as_the_documents_say():
    import skimage.feature

    integral = np.ones((9, 9), int).cumsum(0).cumsum(1)
    theirs = skimage.feature.haar_like_feature(integral, 3, 3, 2, 2, "type-2-x")
    assert theirs.tolist() != [0, 0, 0]
    ours = feature.haar_like_feature(integral, 3, 3, 2, 2, "type-2-x")
    assert ours.tolist() == [0, 0, 0]


def test_packed_features_are_the_lists_and_can_be_chosen_from_like_these():
    coord, kinds = feature.haar_like_feature_coord(**WINDOW)
    packed = feature.haar_like_feature_coord(**WINDOW, packed=True)
    assert packed.dtype == np.int32 and packed.shape == (len(coord), 5)
    lists, names = cases_haar.unpacked(packed)
    assert lists.tolist() == coord.tolist() and names.tolist() == kinds.tolist()
    integral = images.generator("packed").random((6, 7))
    every = feature.haar_like_feature(integral, 0, 0, **WINDOW)
    for chosen in (packed[::3], packed[::-1], np.asfortranarray(packed), packed[:1]):
        found = feature.haar_like_feature(
            integral, 0, 0, **WINDOW, feature_coord=chosen.astype("i8")
        )
        index = [packed.tolist().index(row) for row in chosen.tolist()[:40]]
        assert np.array_equal(found[:40], every[index])


def test_more_given_features_than_one_unit_of_work():
    packed = feature.haar_like_feature_coord(20, 20, packed=True)
    integral = images.generator("many").random((20, 20))
    every = feature.haar_like_feature(integral, 0, 0, 20, 20)
    found = feature.haar_like_feature(
        integral, 0, 0, 20, 20, feature_coord=packed, workers=2
    )
    assert len(packed) > 3 * 8192 and np.array_equal(found, every)


def test_a_drawing_of_packed_features_is_that_of_lists():
    image = images.generator("drawing").random((20, 20))
    coord, _ = feature.haar_like_feature_coord(**WINDOW)
    packed = feature.haar_like_feature_coord(**WINDOW, packed=True)
    how = {**WINDOW, "max_n_features": 9, "rng": 3}
    lists = feature.draw_haar_like_feature(image, 2, 3, feature_coord=coord, **how)
    ours = feature.draw_haar_like_feature(image, 2, 3, feature_coord=packed, **how)
    assert np.array_equal(ours, lists) and (ours != image[..., None]).any()


OUTSIDE = [
    [(4, 0, 0, 3, 1)],
    [(0, -1, 0, 1, 1)],
    [(5, 0, 0, 1, 1)],
    [(-1, 0, 0, 1, 1)],
    [(0, 0, 0, 0, 1)],
    [(0, 0, 0, 1, 2**31)],
    [(0, 0, 0, 2**30, 2**30)],
]


@pytest.mark.parametrize("rows", OUTSIDE, ids=str)
def test_packed_features_that_leave_the_window_are_refused(rows):
    with pytest.raises(ValueError, match="leaves the window"):
        feature.haar_like_feature(
            np.ones((5, 5)), 0, 0, 4, 4, feature_coord=np.array(rows)
        )


@pytest.mark.parametrize("last", [(0, 4), (4, 0), (-2, 0), (2**40, 0)])
def test_lists_that_leave_the_window_are_refused(last):
    coord = np.empty(1, object)
    coord[0] = [[(0, 0), (0, 0)], [(0, 1), last]]
    with pytest.raises(ValueError, match="leaves the window"):
        feature.haar_like_feature(
            np.ones((9, 9)), 0, 0, 4, 4, np.array(["type-2-x"]), coord
        )


@pytest.mark.parametrize(
    "one", [7, [], [(0, 0)], [[(0, 0), (0, 0)]], [[(0,), (0,)]] * 2, [["ab", "cd"]] * 2]
)
def test_features_of_another_form_are_refused(one):
    coord = np.empty(1, object)
    coord[0] = one
    with pytest.raises((TypeError, ValueError), match="feature_coord"):
        feature.haar_like_feature(
            np.ones((9, 9)), 0, 0, 4, 4, np.array(["type-2-x"]), coord
        )


@pytest.mark.parametrize("window", [(-1, 0, 3, 3), (0, 0, 6, 3), (4, 0, 3, 3)])
def test_windows_that_leave_the_image_are_refused(window):
    with pytest.raises(ValueError, match="leaves `int_image`"):
        feature.haar_like_feature(np.ones((5, 5)), *window)


def test_windows_with_too_many_features_are_refused():
    for sides in ((10**9, 10**9), (2**15, 2**15), (10**9, 1)):
        for packed in (False, True):
            with pytest.raises((ValueError, MemoryError)):
                feature.haar_like_feature_coord(*sides, packed=packed)
    image = np.broadcast_to(np.float32(0), (2**15, 2**15))
    with pytest.raises(MemoryError):
        feature.haar_like_feature(image, 0, 0, 2**15, 2**15)


@pytest.mark.plain_build
def test_a_window_needs_no_memory_beyond_its_output():
    code = """
        import resource, numpy as np, feature
        image = np.ones((70, 70)).cumsum(0).cumsum(1)
        feature.haar_like_feature(image, 0, 0, 8, 8)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = feature.haar_like_feature(image, 0, 0, 70, 70, workers=2)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(grown * 1024 - found.nbytes)
    """
    assert int(helpers.python(code).stdout) < 2 * 8 * 2**20


# ------------------------------------------------------------------------ drawing


def test_lines_and_circles_are_those_of_the_reference():
    from skimage import draw

    rng = images.generator("lines")
    for _ in range(300):
        ends = [int(n) for n in rng.integers(-20, 20, 4)]
        for name in ("line", "line_aa"):
            ours, theirs = getattr(_draw, name)(*ends), getattr(draw, name)(*ends)
            assert all(map(np.array_equal, ours, theirs)), (name, ends)
    for radius in range(40):
        theirs = draw.circle_perimeter_aa(3, -4, radius)
        ours = _draw.circle_perimeter_aa(3, -4, radius)
        assert all(map(np.array_equal, ours, theirs)), radius
        picture = rng.random((30, 31, 3))
        expected = picture.copy()
        draw.set_color(expected, theirs[:2], (1, 0, 0.5), alpha=theirs[2])
        _draw.set_color(picture, ours[:2], (1, 0, 0.5), ours[2])
        assert np.array_equal(picture, expected)


# ------------------------------------------------------------------------ Cascade


def face_file():
    from skimage import data

    return data.lbp_frontal_face_cascade_filename()


def faces(detector, **sizes):
    from skimage import data

    names = "scale_factor", "step_ratio", "min_size", "max_size"
    given = dict(zip(names, cases_haar.faces(None), strict=True)) | sizes
    return detector.detect_multi_scale(data.astronaut(), **given)


NUMBERS = "stages_number stumps_number features_number window_width window_height"


def test_detections_and_attributes_are_those_of_the_reference():
    import skimage.feature

    ours, theirs = feature.Cascade(face_file()), skimage.feature.Cascade(face_file())
    found = faces(ours)
    assert found == faces(theirs) and len(found) == 1
    assert [*found[0]] == ["r", "c", "width", "height"]
    assert all(type(value) is int for value in found[0].values())
    for name in ("eps", *NUMBERS.split()):
        assert getattr(ours, name) == getattr(theirs, name), name
        assert type(getattr(ours, name)) is type(getattr(theirs, name))
    for name, value in (("eps", 0.3), ("stages_number", 2), ("window_width", 25)):
        setattr(ours, name, value)
        setattr(theirs, name, value)
        assert getattr(ours, name) == getattr(theirs, name)
        assert faces(ours) == faces(theirs), name


def test_the_class_and_its_method_have_the_reference_s_parameters():
    method = inspect.signature(feature.Cascade.detect_multi_scale)
    assert str(inspect.signature(feature.Cascade)) == "(xml_file, eps=1e-05)"
    assert str(method) == (
        "(self, img, scale_factor, step_ratio, min_size, max_size, "
        "min_neighbor_number=4, intersection_score_threshold=0.5, *, workers=None)"
    )


def test_paths_and_files_of_bytes_and_text_are_read(tmp_path):
    text = cases_haar.random_cascade(3)
    path = tmp_path / "cascade.xml"
    path.write_text(text)
    sources = [path, str(path), io.StringIO(text), io.BytesIO(text.encode())]
    stumps = [feature.Cascade(source).stumps_number for source in sources]
    assert len(set(stumps)) == 1 and stumps[0] > 0
    head = b'<?xml version="1.0" encoding="nonsense"?>'
    with pytest.raises(ValueError, match="xml_file.*encoding"):
        feature.Cascade(io.BytesIO(head + text.encode()))
    with pytest.raises(FileNotFoundError):
        feature.Cascade(tmp_path / "no such file")


def test_a_file_that_is_no_xml_says_where():
    with pytest.raises(ElementTree.ParseError) as raised:
        feature.Cascade(io.StringIO("<a>"))
    assert raised.value.position == (1, 3) and raised.value.code == 3


def test_one_side_of_the_largest_window_may_be_infinite():
    far = faces(feature.Cascade(face_file()), max_size=(300, 10_000))
    assert faces(feature.Cascade(face_file()), max_size=(300, np.inf)) == far
    with pytest.raises(ValueError):
        faces(feature.Cascade(face_file()), max_size=(np.inf, np.inf))
    with pytest.raises(ValueError, match="min_size"):
        faces(feature.Cascade(face_file()), min_size=(24, np.inf))


def test_a_copy_and_a_pickle_find_the_same():
    detector = feature.Cascade(face_file(), eps=1e-3)
    pickled = pickle.loads(pickle.dumps(detector))
    for other in (copy.copy(detector), copy.deepcopy(detector), pickled):
        assert other.eps == detector.eps and faces(other) == faces(detector)
        other.stages_number = 3
        assert detector.stages_number == 20


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


def spoiled():
    """(name, text) of files that are no cascade."""
    text = cases_haar.random_cascade(5)
    yield "empty", ""
    yield "text", "no XML"
    yield "cut", text[: len(text) // 2]
    yield "another root", "<a/>"
    yield "entities", BOMB + text
    yield "HAAR", text.replace("<height>", "<featureType>HAAR</featureType><height>")
    for name in ("height", "width", "stageNum", "stages", "features", "rect"):
        yield f"no {name}", text.replace(f"{name}>", "other>")
    for name in ("maxWeakCount", "stageThreshold", "leafValues", "internalNodes"):
        yield f"no {name}", text.replace(f"{name}>", "other>")
        for words in ("", "x", "1e999", "nan", "9" * 30, "-5", "1 2 3"):
            spoilt = text.replace(f"<{name}>", f"<{name}>{words} ", 1)
            first, rest = text.split(f"<{name}>", 1)
            rest = rest[rest.index("</") :]
            yield f"{name} {words!r} before", spoilt if words else first + rest
            if (name, words) != ("stageThreshold", "-5"):
                yield f"{name} is {words!r}", f"{first}<{name}>{words}{rest}"
    for rect in ("0 0 99 1", "-1 0 1 1", "0 0 0 1", "0 0 1", "1 1 1 1 1", "a b c d"):
        first, rest = text.split("<rect>", 1)
        rest = rest[rest.index("</") :]
        yield f"rect {rect}", f"{first}<rect>{rect}{rest}"


@pytest.mark.parametrize("text", [pytest.param(t, id=name) for name, t in spoiled()])
def test_files_that_are_no_cascade_are_refused(text):
    with pytest.raises(ValueError, match="xml_file"):
        feature.Cascade(io.StringIO(text))


@pytest.mark.parametrize("ratio", [0, -1, 0.3, -np.inf, np.inf, np.nan])
def test_steps_of_no_pixel_are_refused(ratio):
    detector = feature.Cascade(face_file())
    with pytest.raises(ValueError, match="step_ratio"):
        detector.detect_multi_scale(np.zeros((50, 50)), 1.2, ratio, (24, 24), (40, 40))


def test_numbers_that_cannot_be_are_refused_where_they_are_set():
    detector = feature.Cascade(face_file())
    for name, value in (("stages_number", 21), ("window_width", -1), ("eps", "a")):
        with pytest.raises((TypeError, ValueError)):
            setattr(detector, name, value)
    detector.window_width = 3  # blocks leave a window of three columns
    with pytest.raises(ValueError):
        detector.detect_multi_scale(np.zeros((50, 50)), 1.2, 1, (3, 3), (40, 40))


def test_more_windows_than_expected_are_found_in_the_second_try():
    text = cases_haar.random_cascade(1)
    detector = feature.Cascade(io.StringIO(text), eps=1e9)  # everything passes
    image = images.generator("windows").random((106, 120))
    how = (1.5, 1.0, (4, 4), (20, 20), 0, 2.0)  # no two in one group
    found = detector.detect_multi_scale(image, *how, workers=1)
    assert len(found) > 3 * 4096
    assert found == detector.detect_multi_scale(image, *how, workers=2)


def test_comparison_of_object_arrays_sees_a_difference():
    ours, _ = feature.haar_like_feature_coord(3, 3)
    theirs, _ = feature.haar_like_feature_coord(3, 3)
    assert compare.value_difference(ours, theirs) is None
    theirs[2] = [[(0, 0), (0, 0)], [(0, 1), (0, 2)]]
    assert "1 elements differ" in compare.value_difference(ours, theirs)


@pytest.mark.parametrize("given", [
    [[7, 0, 0, 1, 1]], [[-1, 0, 0, 1, 1]], [[0, 1, 1, 0, 1]], [[0, 1, 1, 1, 0]],
])
def test_packed_features_that_are_none_are_not_drawn(given):
    with pytest.raises(ValueError, match="of no type or without pixels"):
        feature.draw_haar_like_feature(np.zeros((5, 5)), 0, 0, 4, 4, np.array(given))


@pytest.mark.parametrize("rectangles", [
    3, [3], [[(0, 0), (1, 1), (2, 2)]], [[(0, 0), (1.5, 1)]], [[(0, 0), (1,)]],
])
def test_lists_that_are_no_rectangles_are_not_drawn(rectangles):
    with pytest.raises(ValueError, match="lists of rectangles"):
        feature.draw_haar_like_feature(np.zeros((5, 5)), 0, 0, 4, 4, [rectangles])


@pytest.mark.parametrize("color", ["red", (1, 2)])
def test_a_color_is_three_numbers(color):
    coord, _ = feature.haar_like_feature_coord(2, 2, "type-4")
    with pytest.raises((ValueError, TypeError), match="`color_negative_block` must be"):
        feature.draw_haar_like_feature(
            np.zeros((5, 5)), 0, 0, 2, 2, coord, color_negative_block=color
        )


def test_a_window_too_wide_to_count_in_is_refused_by_name():
    with pytest.raises(ValueError, match="`width` must be at most 32768"):
        feature.haar_like_feature(np.zeros((1, 40000), "u1"), 0, 0, 40000, 1)


def test_features_are_written_into_out():
    integral = np.random.default_rng(2).integers(0, 9, (9, 9)).cumsum(0).cumsum(1)
    coord, kinds = feature.haar_like_feature_coord(6, 6)
    packed = feature.haar_like_feature_coord(6, 6, packed=True)
    for keywords in (
        {}, {"feature_coord": packed}, {"feature_coord": coord, "feature_type": kinds}
    ):
        expected = feature.haar_like_feature(integral, 1, 1, 6, 6, **keywords)
        for out in (np.empty_like(expected), np.zeros(3 * len(expected), int)[::3]):
            found = feature.haar_like_feature(
                integral, 1, 1, 6, 6, out=out, **keywords
            )
            assert found is out
            np.testing.assert_array_equal(out, expected)
    with pytest.raises(ValueError, match="`out` must have shape"):
        feature.haar_like_feature(integral, 1, 1, 6, 6, out=np.zeros(3, int))


def test_out_may_be_a_part_of_the_integral_image():
    integral = np.random.default_rng(2).integers(0, 9, (9, 9)).cumsum(0).cumsum(1)
    coord, kinds = feature.haar_like_feature_coord(3, 3, ["type-2-x", "type-2-y"])
    expected = feature.haar_like_feature(
        integral, 0, 0, 3, 3, feature_coord=coord, feature_type=kinds
    )
    out = integral.reshape(-1)[: len(expected)]
    feature.haar_like_feature(
        integral, 0, 0, 3, 3, feature_coord=coord, feature_type=kinds, out=out
    )
    np.testing.assert_array_equal(out, expected)
