// Asking the API again and again, but only while somebody looks at the page.

// load() answers after how many milliseconds it is to be called again, or null for never. now() calls it at once.
export function polling(load) {
  let timer = null;
  let due = false;
  let stopped = false;

  async function now() {
    clearTimeout(timer);
    due = false;
    const pause = await load();
    clearTimeout(timer);
    if (stopped || pause === null || pause === undefined) return;
    timer = setTimeout(() => (document.hidden ? (due = true) : now()), pause);
  }

  const seen = () => !document.hidden && due && now();
  document.addEventListener("visibilitychange", seen);
  return {
    now,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    },
  };
}
