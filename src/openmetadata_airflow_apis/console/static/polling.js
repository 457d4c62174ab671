// Calls a function again and again, but only while the page is visible; how long to wait in between is decided here.

const MOVING = 2000; // milliseconds until a view asks again while something moves, such as a run that goes
const STILL = 10000; // while nothing does, and until somebody may have brought back what is not there
const TROUBLED = 4000; // after an answer that is no good

// load(isLatest) resolves to the milliseconds until its next call, null to end. isLatest() says whether it is still the last
// call, and polling has not been stopped: else its answers are outdated. Answers { now, stop }: now() calls it at once.
export function polling(load) {
  let timer = null;
  let calls = 0;
  let isDue = false;
  let isStopped = false;

  async function now() {
    if (isStopped) return;
    clearTimeout(timer);
    isDue = false;
    calls += 1;
    const thisCall = calls;
    const isLatest = () => !isStopped && thisCall === calls;
    let pause;
    try {
      pause = await load(isLatest);
    } catch (error) {
      // An answer that can't be shown is no reason to never ask again, but for a view that could not even begin.
      if (thisCall > 1 && isLatest()) timer = setTimeout(again, TROUBLED);
      throw error;
    }
    // What comes next is decided by the last call, whose answer may have come before this one's.
    if (!isLatest() || pause === null || pause === undefined) return;
    timer = setTimeout(again, pause);
  }

  const again = () => (document.hidden ? (isDue = true) : now());
  const loadIfDue = () => !document.hidden && isDue && now();
  document.addEventListener("visibilitychange", loadIfDue);
  return {
    now,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", loadIfDue);
    },
  };
}

// How many milliseconds to wait after a good answer.
export function pauseWhile(isMoving) {
  return isMoving ? MOVING : STILL;
}

// How many milliseconds to wait after an answer that is no good: for ever (null) if the user may not see what is asked
// for, and longer than else if it is not there, since it may come back.
export function pauseAfter({ status }) {
  if (status === 403) return null;
  return status === 404 ? STILL : TROUBLED;
}
