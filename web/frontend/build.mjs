// Builds web/static/dist: hashed modules, one stylesheet per entry, fonts, manifest.json, licences, .br and .gz copies.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const finished = join(here, '..', 'static', 'dist');
const making = `${finished}.making`;
const publicPath = '/static/dist/';

const entries = ['app/app.js', 'offline/offline.js', 'passkeys/passkeys.js', 'links/links.js', 'diagram/viewer.js', 'diagram/modeler.js'];
const options = {
  absWorkingDir: here, bundle: true, minify: true, target: ['es2022'], metafile: true, logLevel: 'warning',
  legalComments: 'none', // the notices go to licences.txt, whole
};

// pictures written inside stylesheets become files: the content policy allows no `data:` address
const picturesAsFiles = {
  name: 'pictures-as-files',
  setup(builder) {
    const pictures = [];
    builder.onLoad({ filter: /node_modules.*\.css$/ }, ({ path }) => ({
      loader: 'css',
      contents: readFileSync(path, 'utf8').replace(/url\((["'])data:image\/svg\+xml[^,]*,(.*?)\1\)/g, (_, quote, picture) => {
        pictures.push(picture.startsWith('%3C') ? decodeURIComponent(picture) : picture);
        return `url("picture:${pictures.length - 1}")`;
      }),
    }));
    builder.onResolve({ filter: /^picture:/ }, ({ path }) => ({ path: `${path.slice(8)}.svg`, namespace: 'picture' }));
    builder.onLoad({ filter: /.*/, namespace: 'picture' }, ({ path }) => ({ contents: pictures[parseInt(path, 10)], loader: 'file' }));
  },
};

const hash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase();

// the picture of the browser's tab, and what a phone asks when the page is put on its home screen
function writeIcon(manifest) {
  const icon = readFileSync(join(here, 'icon.svg'), 'utf8');
  const picture = `icon-${hash(icon)}.svg`;
  const home = JSON.stringify({
    name: 'Parcours', short_name: 'Parcours', lang: 'fr', start_url: '/', display: 'standalone',
    background_color: '#F4F7F7', theme_color: '#0B4F57',
    icons: [{ src: publicPath + picture, type: 'image/svg+xml', sizes: 'any', purpose: 'any maskable' }],
  });
  const description = `home-${hash(home)}.webmanifest`;
  writeFileSync(join(making, picture), icon);
  writeFileSync(join(making, description), home);
  Object.assign(manifest, { 'icon.svg': { file: picture }, 'home.webmanifest': { file: description } });
}

function writeManifest(outputs) {
  const manifest = {};
  writeIcon(manifest);
  for (const [path, output] of Object.entries(outputs)) {
    if (output.entryPoint) {
      manifest[basename(output.entryPoint)] = {
        js: basename(path),
        css: output.cssBundle ? basename(output.cssBundle) : null,
        preload: output.imports.filter((one) => one.kind === 'import-statement').map((one) => basename(one.path)),
      };
    }
    const font = /^(.*)-[0-9A-Z]{8}\.woff2$/.exec(basename(path));
    if (font) manifest[`${font[1]}.woff2`] = { file: basename(path) };
  }
  writeFileSync(join(making, 'manifest.json'), JSON.stringify(manifest, null, 1));
  return manifest;
}

// what the phone keeps so that its pages open without a network
function keptOffline(manifest) {
  const names = ['app.js', 'offline.js', 'drafts.js'].flatMap((entry) => [manifest[entry].js, manifest[entry].css, ...manifest[entry].preload]);
  names.push(manifest['atkinson-hyperlegible-next-latin-wght-normal.woff2'].file);
  return [...new Set(names.filter(Boolean))].map((name) => publicPath + name);
}

function writeLicences(inputs) {
  const packages = new Set();
  for (const path of Object.keys(inputs)) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (found) packages.add(found[1]);
  }
  const notices = [...packages].sort().map((name) => {
    const folder = join(here, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    const text = file ? readFileSync(join(folder, file), 'utf8').trim() : '';
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  writeFileSync(join(making, 'licences.txt'), notices.join(`\n${'-'.repeat(78)}\n\n`));
}

function compress() {
  for (const name of readdirSync(making).filter((one) => /\.(js|css|svg|txt)$/.test(one))) {
    const bytes = readFileSync(join(making, name));
    writeFileSync(join(making, `${name}.gz`), gzipSync(bytes, { level: 9 }));
    writeFileSync(join(making, `${name}.br`), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  }
}

rmSync(making, { recursive: true, force: true });
mkdirSync(making, { recursive: true });

const result = await build({
  ...options, entryPoints: entries, outdir: making, publicPath,
  format: 'esm', splitting: true, entryNames: '[name]-[hash]', chunkNames: 'part-[hash]', assetNames: '[name]-[hash]',
  loader: { '.woff2': 'file', '.woff': 'empty', '.ttf': 'empty', '.eot': 'empty', '.svg': 'empty' }, plugins: [picturesAsFiles],
});
const manifest = writeManifest(result.metafile.outputs);
const kept = keptOffline(manifest);
await build({
  ...options, entryPoints: ['offline/sw.js'], outfile: join(making, 'sw.js'), format: 'iife',
  define: {
    KEPT_OFFLINE: JSON.stringify(kept),
    RELEASE: JSON.stringify(hash(kept.join())),
  },
});
writeLicences(result.metafile.inputs);
compress();

rmSync(finished, { recursive: true, force: true });
renameSync(making, finished);
