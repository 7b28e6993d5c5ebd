// The address bar. Back and forward walk the selections: a change after a pause is an entry of its own, a
// flurry of changes is one.
const FLURRY = 600; // ms between changes of one
const PAUSE = 120; // ms: browsers limit how often the address may change

class AddressBar {
	#last = Number.NEGATIVE_INFINITY;
	#timer = 0;

	/** Says what is on show now. */
	write(url: string): void {
		const now = performance.now();
		const quiet = now - this.#last > FLURRY;
		this.#last = now;
		window.clearTimeout(this.#timer);
		if (quiet) put("pushState", url);
		else this.#timer = window.setTimeout(() => put("replaceState", url), PAUSE);
	}

	/** Another page, or another entry, is on show: what was still to be said no longer holds. */
	leave(): void {
		this.#last = Number.NEGATIVE_INFINITY;
		window.clearTimeout(this.#timer);
	}
}

function put(how: "pushState" | "replaceState", url: string): void {
	try {
		window.history[how](null, "", url);
	} catch {
		// Too often for this browser; the next change catches up.
	}
}

export const addressBar = new AddressBar();
