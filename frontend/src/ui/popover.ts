// What every note and menu that opens over the page shares: a click elsewhere and Escape close it,
// and it stays inside the window.

const MARGIN = 12; // CSS pixels kept free at the window's edge

/** For the opened element; its parent holds the button that opens it. */
export function dismiss(node: HTMLElement, close: () => void) {
	const root = node.parentElement ?? node;

	// The path is from before the click's own handlers, which may have removed what was clicked.
	function away(event: MouseEvent) {
		if (!event.composedPath().includes(root)) close();
	}

	function leave(event: KeyboardEvent) {
		if (event.key !== "Escape") return;
		event.stopPropagation();
		close();
		root.querySelector("button")?.focus();
	}

	window.addEventListener("click", away);
	window.addEventListener("keydown", leave, true);
	return {
		destroy() {
			window.removeEventListener("click", away);
			window.removeEventListener("keydown", leave, true);
		},
	};
}

/** Moves the element sideways where it would leave the window. */
export function fit(node: HTMLElement) {
	const { left, right } = node.getBoundingClientRect();
	const beyond = right + MARGIN - document.documentElement.clientWidth;
	const shift = beyond > 0 ? -beyond : Math.max(0, MARGIN - left);
	// Margins, since a translated element still widens the page; the one on the anchored side counts.
	node.style.marginLeft = `${shift}px`;
	node.style.marginRight = `${-shift}px`;
}
