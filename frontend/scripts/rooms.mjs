// The rule of the page's folders: who may import whom. One line for each import that breaks it; run by `npm run check`.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";

const SOURCE = new URL("../src/", import.meta.url);

/** Each folder and those it may import. Every feature is a room of its own. */
const MAY = {
	app: ["features", "state", "plot", "ui", "api", "text"],
	features: ["features", "state", "plot", "ui", "api", "text"],
	state: ["api", "text"],
	plot: ["state", "ui", "api", "text"],
	ui: ["text"],
	text: ["api"],
	api: [],
};

// `from "…"`, `import "…"` and `import("…")`, of the page's own files.
const IMPORT = /(?:\bfrom\s*|\bimport\s*(\(?)\s*)"(\.[^"]+)"/g;

const folder = (path) => path.split("/")[0];
const room = (path) =>
	folder(path) === "features" ? path.split("/").slice(0, 2).join("/") : folder(path);

function* imports() {
	for (const file of readdirSync(SOURCE, { recursive: true })) {
		if (!/\.(ts|svelte)$/.test(file)) continue;
		const text = readFileSync(new URL(file, SOURCE), "utf8");
		for (const [, lazy, path] of text.matchAll(IMPORT))
			yield { file, target: join(dirname(file), path), lazy: lazy === "(" };
	}
}

/** What is wrong with an import from one room into another; undefined: nothing. */
function wrong({ file, target, lazy }) {
	if (!(MAY[folder(file)] ?? []).includes(folder(target)))
		return `${folder(file)} may not import ${folder(target)}`;
	const isIndex = target === room(target) || target === `${room(target)}/index`;
	if (folder(target) !== "features" || isIndex) return undefined;
	if (folder(file) === "app" && lazy) return undefined;
	return "a feature is imported by its index.ts alone (by app also lazily, a component)";
}

/** A way from a room back to itself; null: there is none. */
function circle(graph, from, path = [from]) {
	for (const next of graph.get(path.at(-1)) ?? []) {
		if (next === from) return [...path, next];
		const longer = path.includes(next) ? null : circle(graph, from, [...path, next]);
		if (longer) return longer;
	}
	return null;
}

const problems = [];
const graph = new Map();
for (const found of imports()) {
	const [from, to] = [room(found.file), room(found.target)];
	if (from === to) continue;
	graph.set(from, (graph.get(from) ?? new Set()).add(to));
	const problem = wrong(found);
	if (problem) problems.push(`src/${found.file} imports ${found.target}: ${problem}.`);
}
const round = [...graph.keys()].map((from) => circle(graph, from)).find(Boolean);
if (round) problems.push(`Rooms import each other in a circle: ${round.join(" → ")}.`);
if (problems.length) {
	console.error(problems.join("\n"));
	process.exit(1);
}
