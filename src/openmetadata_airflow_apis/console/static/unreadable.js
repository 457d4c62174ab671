// What the page says of an answer that is no good: what is shown stays, and is said to be older.

import { fillIfChanged, inline, notice } from "./dom.js";
import { isToldAbove, sentence } from "./http.js";

// Fills trouble with the answer's sentence, unless the top of the page says it already. isShown: whether there is
// something below that an earlier answer brought. more: what to say beside the sentence if there is nothing.
export function tellUnreadable(trouble, answer, isShown, more = null) {
  fillIfChanged(trouble, !isToldAbove(answer) && notice("bad", inline(sentence(answer)), isShown ? " What is shown below is older." : more));
}
