import { testRows, type Given } from './gate.ts'

/** Breaks something of Node's, as a defect or a strange machine would. */
function broken(script: string): Given {
  const hook = `import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
${script}
syncBuiltinESMExports()`
  return { run: { nodeOptions: ['--import', `data:text/javascript,${encodeURIComponent(hook)}`] } }
}

/** What a comparison of two digests does. */
const comparing = (what: string): Given =>
  broken(`const { equals } = Buffer.prototype
Buffer.prototype.equals = function (other) {
  if (this.length === 32) { ${what} }
  return equals.call(this, other)
}`)

/** Whatever is thrown, wherever, of whatever type. */
testRows(
  [broken('')],
  [
    [
      20,
      'VERIFICATION_ERROR',
      'an error in the verification',
      comparing("throw new RangeError('x')")
    ],
    [20, 'VERIFICATION_ERROR', 'a string', comparing("throw 'x'")],
    [20, 'VERIFICATION_ERROR', 'nothing at all', comparing('throw undefined')],
    [20, 'UNEXPECTED', 'an error around it', broken('fs.promises.mkdtemp = () => { throw 1 }')],
    [20, 'UNEXPECTED', 'an end before the work is done', comparing('process.exit(0)')],
    [
      20,
      'UNEXPECTED',
      'a promise that nobody keeps',
      broken('fs.promises.mkdtemp = () => new Promise(() => undefined)')
    ]
  ]
)
