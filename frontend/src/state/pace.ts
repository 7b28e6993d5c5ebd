// How often something is done that costs time: at once when it is quiet; of a flurry of changes, such as a
// held arrow key makes, the last one when it is over.
const FLURRY = 150; // ms between changes of one
const PAUSE = 120; // ms after the last of them

export class Pace {
	#last = Number.NEGATIVE_INFINITY;

	/** Gives the way to call it off. */
	run(act: () => void): () => void {
		const now = performance.now();
		const quiet = now - this.#last > FLURRY;
		this.#last = now;
		if (quiet) {
			act();
			return () => {};
		}
		const timer = setTimeout(act, PAUSE);
		return () => clearTimeout(timer);
	}
}
