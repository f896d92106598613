export default {
  'panels.matrix': '혼동 행렬',
  'panels.true': '실제 ↓',
  'panels.predicted': '예측 →',
  'panels.cell': '실제 {true}, 예측 {predicted}: {count}장',
  'panels.cell.right': '{true}, 맞음: {count}장',
  'panels.classes': '클래스별 성능',
  'panels.label': '클래스',
  'panels.precision': '정밀도',
  'panels.recall': '재현율',
  'panels.f1': 'F1',
  'panels.support': '이미지 수',
};
