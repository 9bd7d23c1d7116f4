import { afterAll, afterEach, beforeAll } from '@jest/globals'
import { openScene, type Scene } from './open-scene.ts'

export { openScene, type Scene } from './open-scene.ts'

/** A scene for the tests of a file: opened before the first, reset after each, closed after the last. */
export function useScene(): Scene {
  const scene = {} as Scene
  beforeAll(async () => {
    Object.assign(scene, await openScene())
  })
  afterEach(async () => {
    await scene.reset()
  })
  afterAll(async () => {
    await scene.close()
  })
  return scene
}
