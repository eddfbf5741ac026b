/**
 * Yields every item of a list, page by page as they are asked for.
 *
 * ```ts
 * for await (const asset of listAll(albumen.assets.listAssets, { albumId }, (page) => page.assets))
 * ```
 */
export async function* listAll<
  Request extends { pageToken?: string },
  Page extends { nextPageToken: string },
  Item,
>(
  list: (request: Request) => Promise<Page>,
  request: Request,
  itemsOf: (page: Page) => Item[],
): AsyncGenerator<Item, void, undefined> {
  let pageToken = request.pageToken;
  do {
    const page = await list({ ...request, pageToken });
    yield* itemsOf(page);
    pageToken = page.nextPageToken;
  } while (pageToken);
}
