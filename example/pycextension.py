# SPDX-License-Identifier: BSD-3-Clause
"""The first look: a matrix through the library, then a photograph's edges, blobs,
corners, texture and matches, and the face in another one.

    python example/pycextension.py [PHOTO] [--out DIR]

PHOTO is any PNG, JPEG or TIFF; without it, scikit-image's `camera` is taken.
Where scikit-image is installed, the same call there is compared and timed.
"""

import argparse
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError


def find_root():
    """The repository's root: ROOT, from the environment or `.env`, or by __file__."""
    here = Path(__file__).resolve().parent.parent
    try:
        from dotenv import dotenv_values
    except ImportError:
        settings = {}
    else:
        settings = dotenv_values(here / ".env")
    root = os.environ.get("ROOT", settings.get("ROOT"))
    if root and os.path.isfile(os.path.join(root, "lib", "feature.py")):
        return Path(root).resolve()
    return here


ROOT = find_root()
sys.path.insert(0, str(ROOT / "lib"))

import feature  # noqa: E402  (found through ROOT)

try:
    import skimage.feature as reference
    from skimage import data
except ImportError:
    reference = data = None


def show_matrix():
    """The skeleton's demonstration: bytes in, floats out, computed in C."""
    mat_in = np.arange(100, dtype=np.uint8).reshape(10, 10)
    print("Matrix In", mat_in, sep="\n")
    print("Matrix Out", feature.synthesize_matrix(mat_in), sep="\n")


def read_photo(path):
    """A grey image: 16-bit and float files keep their type, colour becomes L."""
    # By file, not by name: by name, Pillow 13 garbles turned TIFF files (memory maps).
    with open(path, "rb") as file, Image.open(file) as photo:
        photo = ImageOps.exif_transpose(photo)
        if photo.mode.startswith(("I", "F")):
            image = np.asarray(photo)
        else:
            image = np.asarray(photo.convert("L"))
    # Pillow hands out some 16-bit files as 32-bit or in the other byte order.
    if image.dtype.kind in "iu" and image.dtype != np.uint8:
        if 0 <= image.min() and image.max() <= 65535:
            return image.astype(np.uint16)
    return image


def test_picture(size=512):
    """Discs of every brightness on a slope, where scikit-image is not installed."""
    y, x = np.mgrid[:size, :size] / size
    picture = 60 + 60 * x
    for k in range(12):
        angle = 2 * np.pi * k / 12
        from_centre = np.hypot(
            x - 0.5 - 0.33 * np.cos(angle), y - 0.5 - 0.33 * np.sin(angle)
        )
        picture[from_centre < 0.02 + 0.005 * k] = 20 * k
    return picture.astype(np.uint8)


def best_times(*functions, seconds=0.3, repeats=25):
    """The best time of each function in milliseconds, taken in turns."""
    times = [[] for _ in functions]
    end = time.perf_counter() + seconds
    while not times[0] or (time.perf_counter() < end and len(times[0]) < repeats):
        for function, record in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            record.append(time.perf_counter() - start)
    return [1000 * min(record) for record in times]


def compare(image, edges):
    """Whether scikit-image finds the same edges, and how long each takes."""
    same = np.array_equal(edges, reference.canny(image))
    ours, theirs = best_times(
        lambda: feature.canny(image), lambda: reference.canny(image)
    )
    print(f"identical: {same}")
    print(f"skimage.feature.canny {theirs:7.2f} ms")
    print(f"feature.canny         {ours:7.2f} ms, {theirs / ours:.1f} times faster")
    return same


def as_bytes(image):
    """A photograph of more bits, rescaled to what can be shown."""
    if image.dtype == np.uint8:
        return image
    low, high = float(image.min()), float(image.max())
    return ((image - low) * (255 / max(high - low, 1e-30))).astype(np.uint8)


def write_picture(path, picture):
    """Saves an image or a figure, quickly packed. The file replaces `path` in one
    step: an older picture may belong to another user."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}-{os.getpid()}.png")
    try:
        if isinstance(picture, Image.Image):
            picture.save(partial, compress_level=1)
        else:
            picture.savefig(partial, pil_kwargs={"compress_level": 1})
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    print(f"Picture: {path}")


def write_edges(folder, image, edges):
    """Photograph and edges side by side."""
    both = np.hstack([as_bytes(image), np.uint8(255) * edges])
    write_picture(folder / "edges.png", Image.fromarray(both))


def write_blobs(folder, image):
    """Blobs as circles and corners as crosses, drawn over the photograph."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.patches import Circle
    except ImportError:
        print("Blobs and corners: left out, Matplotlib is not installed")
        return
    if min(image.shape) < 2:
        print("Blobs and corners: left out, the photograph is one line")
        return
    shown = as_bytes(image)
    blobs = feature.blob_log(shown, min_sigma=2, max_sigma=20, threshold=0.12)
    response = feature.corner_harris(shown)
    corners = feature.corner_peaks(response, min_distance=5, threshold_rel=0.02)
    print(f"Found {len(blobs)} blobs and {len(corners)} corners")

    rows, cols = shown.shape
    inches = [max(0.1, 8 * n / max(rows, cols)) for n in (cols, rows)]
    figure = Figure(figsize=inches, dpi=100)
    axes = figure.add_axes((0, 0, 1, 1), frameon=False, xticks=[], yticks=[])
    axes.imshow(shown, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.autoscale(False)
    for y, x, sigma in blobs:
        radius = sigma * np.sqrt(2)
        axes.add_patch(Circle((x, y), radius, fill=False, color="yellow", lw=1.5))
    axes.plot(corners[:, 1], corners[:, 0], "+", color="red", markersize=6)
    write_picture(folder / "blobs.png", figure)


def write_texture(folder, image):
    """Side by side how edges run in each cell (HOG) and a local binary pattern map."""
    shown = as_bytes(image)
    if min(shown.shape) < 8:
        print("Texture: left out, the photograph is smaller than a cell of HOG")
        return
    blocks, lines = feature.hog(shown, cells_per_block=(1, 1), visualize=True)
    # Codes 0 to 8 count neighbours that are not darker, 9 is any other pattern.
    codes = feature.local_binary_pattern(shown, 8, 1, "uniform", dtype=np.uint8)
    print(
        f"HOG has {blocks.size} numbers; {np.mean(codes < 9):.0%} of patterns uniform"
    )
    lines = 255 * np.sqrt(lines / max(lines.max(), 1e-30))
    both = np.hstack([lines.astype(np.uint8), codes * np.uint8(28)])
    write_picture(folder / "texture.png", Image.fromarray(both))


def write_faces(folder):
    """Frames around the faces in scikit-image's `astronaut`."""
    if not data:
        print("Faces: left out, scikit-image is not installed")
        return
    photo = data.astronaut()
    detector = feature.Cascade(data.lbp_frontal_face_cascade_filename())
    faces = detector.detect_multi_scale(
        photo, scale_factor=1.2, step_ratio=1, min_size=(60, 60), max_size=(123, 123)
    )
    print(f"Found {len(faces)} face{'' if len(faces) == 1 else 's'} in astronaut")
    picture = Image.fromarray(photo)
    pen = ImageDraw.Draw(picture)
    for face in faces:
        last = face["c"] + face["width"] - 1, face["r"] + face["height"] - 1
        pen.rectangle((face["c"], face["r"], *last), outline="yellow", width=3)
    write_picture(folder / "faces.png", picture)


def turned_copy(image, degrees=20, scale=0.8):
    """The photograph turned about its middle and made smaller, on a canvas as large."""
    photo = Image.fromarray(as_bytes(image))
    cols, rows = photo.size
    angle = np.deg2rad(degrees)
    along, across = np.cos(angle) / scale, np.sin(angle) / scale
    x, y = cols / 2, rows / 2  # of the copy, where the photograph's middle lies, too
    matrix = (along, across, x - along * x - across * y,
              -across, along, y + across * x - along * y)  # fmt: skip
    return np.asarray(photo.transform(photo.size, Image.AFFINE, matrix, Image.BILINEAR))


def write_matches(folder, image):
    """Keypoints of the photograph and of a turned copy, and lines between those whose
    descriptors are nearest to each other."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("Matches: left out, Matplotlib is not installed")
        return
    pictures, detector, found = (as_bytes(image), turned_copy(image)), feature.ORB(), []
    for picture in pictures:
        try:
            detector.detect_and_extract(picture)
        except (RuntimeError, ValueError) as error:
            print(f"Matches: left out, {reason(error)}")
            return
        found.append((detector.keypoints, detector.descriptors))
    (points, bits), (other_points, other_bits) = found
    if not (len(bits) and len(other_bits)):
        print("Matches: left out, all corners are too near the border")
        return
    matches = feature.match_descriptors(bits, other_bits, max_ratio=0.8)
    counts = f"{len(points)} and {len(other_points)} keypoints"
    print(f"Found {counts}, {len(matches)} match")

    rows, cols = image.shape
    inches = [max(0.1, 10 * n / max(rows, 2 * cols)) for n in (2 * cols, rows)]
    figure = Figure(figsize=inches, dpi=100)
    axes = figure.add_axes((0, 0, 1, 1), frameon=False, xticks=[], yticks=[])
    feature.plot_matched_features(
        *pictures,
        keypoints0=points,
        keypoints1=other_points,
        matches=matches,
        ax=axes,
        only_matches=True,
    )
    write_picture(folder / "matches.png", figure)


def reason(error):
    """What went wrong, in one line."""
    if isinstance(error, UnidentifiedImageError):
        return "it is not a picture that Pillow knows"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", nargs="?", metavar="PHOTO", help="PNG, JPEG or TIFF")
    parser.add_argument("--out", default=ROOT / "out", type=Path, metavar="DIR")
    options = parser.parse_args()

    if options.photo:
        # Large photographs are welcome; Pillow still refuses absurd ones.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            name, image = options.photo, read_photo(options.photo)
        except Exception as error:  # decoders raise almost anything on broken files
            parser.exit(2, f"{options.photo}: cannot be read: {reason(error)}\n")
    elif data:
        name, image = "camera", data.camera()
    else:
        name, image = "test picture", test_picture()

    show_matrix()
    edges = feature.canny(image)
    rows, cols = image.shape
    print(f"Canny on {name}: {rows} x {cols} {image.dtype}, {edges.sum()} edge pixels")
    same = compare(image, edges) if reference else True
    try:
        write_edges(options.out, image, edges)
        write_blobs(options.out, image)
        write_texture(options.out, image)
        write_faces(options.out)
        write_matches(options.out, image)
    except OSError as error:
        parser.exit(2, f"{options.out}: cannot be written: {reason(error)}\n")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
