#include "core/py/ref.h"
