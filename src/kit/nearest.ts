export { nearestTo } from '../domain/nearest.ts';
