import { describe, expect, it } from "vitest";
import { MAP, type MapChoice, madeWith, PLAIN, uses, withSetting } from "./map";

describe("how a map is asked for", () => {
	const own: MapChoice = { ...PLAIN, settings: { perplexity: 12, n_neighbors: 5, seed: 3 } };

	it("leaves out the parameters of other methods, so that equal maps are asked equally", () => {
		expect(madeWith(own)).toEqual({
			method: "tsne",
			dimensions: 2,
			preset: null,
			perplexity: 12,
			seed: 3,
		});
		expect(madeWith({ ...own, method: "umap" })).toMatchObject({ n_neighbors: 5, seed: 3 });
		expect(madeWith({ ...own, method: "pca" })).toEqual({
			method: "pca",
			dimensions: 2,
			preset: null,
		});
		expect(uses("pca", "map_scaling")).toBe(true);
	});

	it("does not depend on colour or on the depth it has grown to", () => {
		expect(madeWith({ ...own, colorBy: "word", upto: 3 })).toEqual(madeWith(own));
	});

	it("keeps a parameter in the address while another method is on show", () => {
		const entries = MAP.write({ ...own, method: "pca" });
		const query = new URLSearchParams(Object.fromEntries(entries));
		expect(MAP.read(query)).toEqual({ ...own, method: "pca" });
	});

	it("replaces one parameter, and gives it back", () => {
		const changed = withSetting(own, "perplexity", 30);
		expect(changed.settings).toEqual({ perplexity: 30, n_neighbors: 5, seed: 3 });
		expect(withSetting(changed, "perplexity", null).settings).toEqual({ n_neighbors: 5, seed: 3 });
		expect(own.settings.perplexity).toBe(12);
	});
});
