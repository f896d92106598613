// What several parts say.
export default {
  'panels.matrix': 'Confusion matrix',
  'panels.true': 'true ↓',
  'panels.predicted': 'predicted →',
  'panels.cell': '{true} taken for {predicted}: {count}',
  'panels.cell.right': '{true}, rightly: {count}',
  'panels.classes': 'By class',
  'panels.label': 'Class',
  'panels.precision': 'Precision',
  'panels.recall': 'Recall',
  'panels.f1': 'F1',
  'panels.support': 'Images',
};
