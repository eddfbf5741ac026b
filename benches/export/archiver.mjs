// The peer: a zip streamed by archiver over HTTP, as photo servers in Node make theirs.
// node archiver.mjs LIST, with one path a line; prints its port, ends with its input.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename } from 'node:path';
import archiver from 'archiver';

const paths = readFileSync(process.argv[2], 'utf8').trim().split('\n');

const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/zip');
  const archive = archiver('zip', { store: true });
  archive.on('error', (error) => response.destroy(error));
  archive.pipe(response);
  // A range is asked for to warm up.
  for (const path of request.headers.range ? paths.slice(0, 3) : paths) {
    archive.file(path, { name: `${basename(path)}.jpg` });
  }
  void archive.finalize();
});

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit()).resume();
