// Five steps over the page, once for who wants them; the library is loaded with the first.
import { page } from "../state/page.svelte";
import { browserStore } from "../state/store";

const KEY = "fretboard.tour";

const STEPS = [
	{
		element: ".answer",
		title: "The answer",
		description:
			"The picture, the question and what the model said. A wavy word is one that another word nearly was. Click any word.",
	},
	{
		element: ".board",
		title: "The fretboard",
		description:
			"One column for each token, one row for each depth of the model. A cell has the word that the model would have said there; the colour is how sure it was. Move with the arrow keys.",
	},
	{
		element: "[aria-label='Selected token']",
		title: "The selected token",
		description:
			"How this token came about, in one sentence: which words led, from which depth to which.",
	},
	{
		element: ".ask form",
		title: "Your own question",
		description: "Choose, drop or paste an image, ask about it, and press Analyse.",
	},
	{
		element: "nav[aria-label='Further views']",
		title: "Further down",
		description:
			"What the model makes of each part of the image, how its states move, and what the answer depends on. “?” explains every term.",
	},
] as const;

/** Whether this browser has been offered the tour, and has taken it or not. */
export const wasOffered = () => browserStore()?.getItem(KEY) === "done";

export function endOffer(): void {
	try {
		browserStore()?.setItem(KEY, "done");
	} catch {
		// Blocked storage: it is offered again.
	}
}

/** Arrow keys go on and back, Escape ends it. */
export async function beginTour(): Promise<void> {
	endOffer();
	if (!page.first.done) return window.location.assign("/");
	const [{ driver }] = await Promise.all([
		import("driver.js"),
		import("driver.js/dist/driver.css"),
	]);
	const steps = STEPS.map(({ element, ...popover }) => ({ element, popover }));
	driver({
		showProgress: true,
		progressText: "{{current}} of {{total}}",
		nextBtnText: "Next",
		prevBtnText: "Back",
		doneBtnText: "Done",
		popoverClass: "tour",
		animate: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
		steps: steps.filter(({ element }) => document.querySelector(element)),
	}).drive();
}
