/** Brings a part of the page into sight, to read and move on from there; whether it is on the page. */
export function goTo(id: string): boolean {
	const section = document.getElementById(id);
	section?.scrollIntoView();
	section?.focus({ preventScroll: true });
	return section !== null;
}
