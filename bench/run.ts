// `npm run bench`: speed, memory and size of dist against their targets and against cosign. Linux with OpenSSL and
// Go, which installs cosign, and 2 GiB of room in the folder for temporary files. Fails when a target is missed.
import { largeFile } from './large-file.ts'
import { manyBundles } from './many-bundles.ts'
import { manyFiles } from './many-files.ts'
import { formatTable, missed } from './row.ts'
import { Bench } from './signing.ts'
import { size } from './size.ts'
import { start } from './start.ts'
import { wideModel } from './wide-model.ts'

const bench = await Bench.open()
try {
  const rows = [
    ...size(),
    ...(await start(bench)),
    ...(await manyFiles(bench)),
    ...(await manyBundles(bench)),
    ...(await largeFile(bench)),
    ...(await wideModel(bench))
  ]
  console.log(formatTable(rows))
  if (rows.some(missed)) process.exitCode = 1
} finally {
  await bench.close()
}
