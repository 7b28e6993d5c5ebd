/** An example's title without what was said of its choice. */
export const captionOf = (title: string) => title.replace(/:.*| \(picked\)$/g, "");
