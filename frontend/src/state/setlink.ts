// The address of an image set, /t/{id}, as typed values and back; the other addresses are in permalink. Pure.
import { type MapChoice, mapValues, PLAIN, parseMap } from "./map";

export interface SetSelection {
	/** Place of an image in the set. */
	image: number | null;
	/** Of the chosen point. */
	depth: number | null;
	/** Token position, e.g. "after:is"; null: the set's own. */
	token: string | null;
	map: MapChoice;
}

export const NOTHING: SetSelection = { image: null, depth: null, token: null, map: PLAIN };

const ID = /^[A-Za-z0-9_-]{1,128}$/;
const MAX_IMAGE = 999;
const MAX_DEPTH = 511;
const MAX_ROLE = 100;
const MAX_QUERY = 2000;

function integer(text: string | null, most: number): number | null {
	if (text === null || !/^\d{1,4}$/.test(text)) return null;
	return Number(text) <= most ? Number(text) : null;
}

function roleOf(text: string | null): string | null {
	const role = text?.trim() ?? "";
	return role !== "" && role.length <= MAX_ROLE ? role : null;
}

/** null: this is not the address of a set. Values that cannot be read count as absent. */
export function parseSetPlace(
	pathname: string,
	query: string,
): { id: string; selection: SetSelection } | null {
	const id = /^\/t\/([^/]+)\/?$/.exec(pathname)?.[1];
	if (!id || !ID.test(id)) return null;
	const values = new URLSearchParams(query.slice(0, MAX_QUERY));
	const selection: SetSelection = {
		image: integer(values.get("image"), MAX_IMAGE),
		depth: integer(values.get("depth"), MAX_DEPTH),
		token: roleOf(values.get("token")),
		map: parseMap(values),
	};
	return { id, selection };
}

export function setAddress(id: string, selection: SetSelection = NOTHING): string {
	const values = new URLSearchParams();
	const { token, image, depth, map } = selection;
	for (const [key, value] of Object.entries({ token, image, depth, ...mapValues(map) }))
		if (value !== null) values.set(key, String(value));
	const text = values.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
	return `/t/${id}${text ? `?${text}` : ""}`;
}
