// Where a chart stands: in the page, over the whole screen, or alone in a frame; and whether a link leads to it.
import { tick } from "svelte";
import { linked } from "../state/linked";
import { page } from "../state/page.svelte";

export class Stage {
	/** The chart has the whole window. */
	full = $state(false);
	height = $state(0);
	alone = $state(false);
	#arrived = false;

	/** Call during component set-up. ready: the chart is drawn, so that it can be shown. */
	constructor(root: () => HTMLElement | undefined, chart: () => string, ready: () => boolean) {
		$effect(() => {
			const own = root();
			if (!own) return;
			const second = page.beside !== null && own.closest("[data-side='1']") !== null;
			const meant = linked.chart === `${chart()}${second ? "-b" : ""}`;
			this.alone = meant && linked.alone;
			const measure = () => {
				this.full = this.alone || document.fullscreenElement === own;
				this.height = window.innerHeight;
			};
			measure();
			document.addEventListener("fullscreenchange", measure);
			window.addEventListener("resize", measure);
			if (meant && ready() && !this.#arrived) {
				this.#arrived = true;
				void tick().then(() => own.scrollIntoView({ block: "center" }));
			}
			return () => {
				document.removeEventListener("fullscreenchange", measure);
				window.removeEventListener("resize", measure);
			};
		});
	}
}
