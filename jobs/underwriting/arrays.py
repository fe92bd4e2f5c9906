"""The array types of this room, so that a signature says what it holds."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntegerArray = npt.NDArray[np.int64]
BooleanArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.object_]
