"""Cats and dogs: found, read, checked, and given out in batches.

The photos are those of Kaggle's `chetankv/dogs-cats-images`, in its folders `training_set/{cats,dogs}` and
`test_set/{cats,dogs}`. Where they are not at hand, the pictures of `drawn` stand in for them.

    metadata      what a file says besides the pixels
    photo         one photo
    files         which files count, and what they are called
    folder        which photos a folder has, of which class, in which split
    checking      what is wrong with them
    augmentation  from pixels to what a network is fed with
    batches       images given out in batches
    splits        photos or drawings, parted into splits
    kaggle        the photos fetched

    python -m mobilenet_lib.data download         fetch the photos
    python -m mobilenet_lib.data check FOLDER     read every file and report what is wrong
"""

from mobilenet_lib.data.augmentation import augment, normalize
from mobilenet_lib.data.batches import CatsDogs
from mobilenet_lib.data.checking import FINDINGS, Report, check
from mobilenet_lib.data.files import CLASSES, spell_out
from mobilenet_lib.data.folder import LAYOUT
from mobilenet_lib.data.kaggle import download
from mobilenet_lib.data.photo import FORMATS, MAX_PIXELS, read
from mobilenet_lib.data.splits import LARGEST, SMALLEST, load
