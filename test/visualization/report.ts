// A report whose names come from data.

export const EVIL = '<img src=x onerror=alert(1)>';

export const metrics = { AP: 0.5304, AP50: 0.884, APl: -1 };

export const report = {
  metrics,
  perClass: [
    { class: EVIL, truths: 1200, metrics },
    { class: 'a|b', truths: 3, metrics: { AP: 0.1, AP50: 0.2, APl: 0 } },
  ],
  images: 73,
  truths: 1203,
  detections: 4000,
  problems: [{ message: `${EVIL} is missing` }],
};
