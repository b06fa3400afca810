// Functions that differ in a number only, picked by that number.
//
// A search in code, not a table: the loader would correct the addresses of a table at every start,
// one page of memory for 512 of them. Who needs one does so once, when something is hooked.
//
//   pick<0, 1024>(slot, []<int N>() { return &entry<N>; })

#pragma once

namespace dd::py {

template <int kFirst, int kEnd, class Function>
auto pick(int number, Function function) {
  if constexpr (kEnd - kFirst == 1) {
    return function.template operator()<kFirst>();
  } else {
    constexpr int kMiddle = (kFirst + kEnd) / 2;
    return number < kMiddle ? pick<kFirst, kMiddle>(number, function)
                            : pick<kMiddle, kEnd>(number, function);
  }
}

}  // namespace dd::py
