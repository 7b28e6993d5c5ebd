// A failure as it is shown: what happened, then what to do.
import { ApiError } from "./client";

export interface Trouble {
	status: number;
	title: string;
	detail: string;
}

export function trouble(error: unknown): Trouble {
	if (error instanceof ApiError)
		return { status: error.status, title: error.title, detail: error.detail };
	return { status: 0, title: "Something went wrong on the page", detail: String(error) };
}
